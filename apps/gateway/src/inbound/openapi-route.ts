import { openApiDocument } from '@aisbf/contracts';
import type { FastifyInstance } from 'fastify';

/** Serves the description of every public API of the market, for whoever reads it before having a token. */
export function addOpenApi(fastify: FastifyInstance): void {
  const document = JSON.stringify(openApiDocument());
  fastify.get('/openapi.json', (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(document),
  );
}
