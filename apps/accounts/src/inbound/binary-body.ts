import type { FastifyInstance } from 'fastify';
import { faults } from '../domain/faults.js';

const contentType = 'application/octet-stream';

/** Lets bodies that are no JSON through as the bytes that they are. */
export function takeBinaryBodies(fastify: FastifyInstance, bytesMax: number): void {
  const options = { parseAs: 'buffer', bodyLimit: bytesMax } as const;
  fastify.addContentTypeParser(contentType, options, (_request, body, done) => done(null, body));
}

/** The bytes of such a body. */
export function bytesOf(body: unknown): Uint8Array {
  if (!(body instanceof Uint8Array) || body.length === 0) throw faults.BODY_NOT_BINARY();
  return body;
}
