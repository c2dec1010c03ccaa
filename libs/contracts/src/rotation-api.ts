import { z } from 'zod';
import { Id, ModelName, Name } from './field.js';
import { OnBehalf } from './principal.js';
import type { RestRoute } from './rest-route.js';

/** Rotations, in the REST API under `/api/catalog`. */

const share = {
  weight: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1)
    .describe('Twice the weight gets twice the requests of those of the same priority.'),
  priority: z
    .int()
    .min(0)
    .max(1_000)
    .default(0)
    .describe('Those of the least number are tried first, the next only when they cannot serve.'),
};

const rotationLimits = {
  attemptsMax: z
    .int()
    .min(1)
    .max(64)
    .nullable()
    .default(null)
    .describe('How many members are tried at most; null is as many as the installation tries.'),
  firstByteMs: z
    .int()
    .min(100)
    .max(3_600_000)
    .nullable()
    .default(null)
    .describe(
      'How long one attempt may take to its first byte, where that is less than elsewhere.',
    ),
  totalMs: z
    .int()
    .min(100)
    .max(3_600_000)
    .nullable()
    .default(null)
    .describe('How long a request may take, where that is less than elsewhere.'),
  hedge: z
    .strictObject({
      afterMs: z
        .int()
        .min(50)
        .max(600_000)
        .describe('Longer than most answers take: what usually comes by then is asked for once.'),
    })
    .nullable()
    .default(null)
    .describe(
      'Where the first member has not begun to answer after so long, a short request is also sent to the next, and the first answer counts. Null is never.',
    ),
};

export const PutRotation = z.strictObject({
  ...OnBehalf.shape,
  ...rotationLimits,
  members: z
    .array(
      z.union([
        z.strictObject({ providerId: Id, model: ModelName, ...share }),
        z.strictObject({ rotationId: Id.describe('Another rotation.'), ...share }),
        z.strictObject({
          importId: Id.describe("A listing by way of one's import of it."),
          ...share,
        }),
      ]),
    )
    .min(1)
    .max(256),
});
export type PutRotation = z.infer<typeof PutRotation>;

export const Rotation = z.strictObject({
  id: Id,
  name: Name,
  username: Name,
  ...rotationLimits,
  members: z.array(
    z.union([
      z.strictObject({ providerId: Id, provider: z.string(), model: ModelName, ...share }),
      z.strictObject({ rotationId: Id, rotation: z.string(), ...share }),
      z.strictObject({ importId: Id, import: z.string(), ...share }),
    ]),
  ),
});
export type Rotation = z.infer<typeof Rotation>;

export const Rotations = z.strictObject({ rotations: z.array(Rotation) });

const managed = { credential: 'manage' } as const;

export const rotationRoutes: readonly RestRoute[] = [
  {
    method: 'put',
    path: '/api/catalog/rotations/{name}',
    operationId: 'putRotation',
    summary: 'Create a rotation or replace its members',
    ...managed,
    pathParameters: { name: Name },
    request: PutRotation,
    answer: { status: 200, schema: Rotation },
  },
  {
    method: 'get',
    path: '/api/catalog/rotations',
    operationId: 'listRotations',
    summary: 'Own rotations',
    ...managed,
    query: OnBehalf,
    answer: { status: 200, schema: Rotations },
  },
  {
    method: 'delete',
    path: '/api/catalog/rotations/{name}',
    operationId: 'deleteRotation',
    summary: 'Delete a rotation',
    ...managed,
    pathParameters: { name: Name },
    query: OnBehalf,
    answer: { status: 204 },
  },
];

export const rotationAnswers = { Rotation, Rotations };
