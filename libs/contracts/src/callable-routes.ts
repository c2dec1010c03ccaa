import { z } from 'zod';
import { Count, ModelName, Name } from './field.js';
import { ListModels } from './route-plan.js';

/** The gateway's question for `GET /v1/providers`, `/v1/rotations` and `/v1/autoselects`. */
export const ListRoutes = z.strictObject({
  ...ListModels.shape,
  type: z.literal('list-routes'),
});
export type ListRoutes = z.infer<typeof ListRoutes>;

const common = { ownedBy: z.string().max(64), name: Name, createdAtS: z.int().min(0) };

/** A provider of which this token can call something at the moment. */
export const CallableProvider = z.object({
  ...common,
  /** Workers that dial in, or a hosted API. */
  kind: z.enum(['coderai', 'openai']),
  isOwn: z.boolean(),
  /** How many of its models this token can call. */
  models: Count,
  /** What its owner promises; null is no promise. */
  isCollected: z.boolean().nullable(),
  isRetained: z.boolean().nullable(),
  region: z.string().max(32).nullable(),
});
export type CallableProvider = z.infer<typeof CallableProvider>;

/** As many members as a list tells of one rotation. */
export const toldMembersMax = 256;

export const CallableRotation = z.object({
  ...common,
  id: z.string().max(512),
  /** What it may lead this token to at the moment, rotations within it included. */
  members: z
    .array(z.object({ providerLabel: z.string().max(160), model: ModelName }))
    .max(toldMembersMax),
});
export type CallableRotation = z.infer<typeof CallableRotation>;

export const CallableAutoselect = z.object({
  ...common,
  id: z.string().max(512),
  isBuiltIn: z.boolean(),
});
export type CallableAutoselect = z.infer<typeof CallableAutoselect>;

/** Gateways outlive routers and the other way round, so a reader drops what it does not know. */
export const CallableRoutes = z.object({
  providers: z.array(CallableProvider).max(100_000),
  rotations: z.array(CallableRotation).max(100_000),
  autoselects: z.array(CallableAutoselect).max(100_000),
});
export type CallableRoutes = z.infer<typeof CallableRoutes>;
