import { z } from 'zod';
import type { RestRoute } from './rest-route.js';

/** How far the catalogue's newest revision has come. */
export const CatalogueRevision = z.strictObject({
  revision: z.int().min(0).describe('The newest: every change that was answered is in it.'),
  isServedByAll: z
    .boolean()
    .describe('Each router that is known has said that it plans with this one or a later one.'),
  replicas: z
    .array(z.strictObject({ id: z.string().max(64), revision: z.int().min(0) }))
    .optional()
    .describe('For operators: the routers that are known, and what each says that it plans with.'),
});
export type CatalogueRevision = z.infer<typeof CatalogueRevision>;

export const revisionRoutes: readonly RestRoute[] = [
  {
    method: 'get',
    path: '/api/catalog/revision',
    operationId: 'getCatalogueRevision',
    summary: 'Whether every router plans with all changes that were made so far',
    credential: 'manage',
    answer: { status: 200, schema: CatalogueRevision },
  },
];
