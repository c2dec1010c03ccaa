import type { FastifyRequest } from 'fastify';
import { faults } from '../domain/faults.js';
import { isStudioPath, type StudioCall } from '../domain/studio-work.js';

const acceptLengthMax = 256;
const queryLengthMax = 4_096;
/** Whatever stands before the area: the bare address, or a user's own, with or without `/v1`. */
const door = /^\/(?:api\/u\/[^/]+(?:\/v1)?|api\/v1|v1)(\/[^?]*)(?:\?(.*))?$/;

/** Reads which of the workers' own paths is called, from the URL as it was sent. */
export function studioCallOf({ method, raw, headers }: FastifyRequest): StudioCall {
  const [, below = '', search = ''] = door.exec(raw.url ?? '') ?? [];
  const path = `/v1${below}`;
  const isKnown = method === 'GET' || method === 'POST' || method === 'DELETE';
  if (!isKnown || !isStudioPath(path) || search.length > queryLengthMax) {
    throw faults.ENDPOINT_MISSING();
  }
  const { accept = '*/*' } = headers;
  return {
    method,
    path,
    query: new URLSearchParams(search),
    accept: accept.length > acceptLengthMax ? '*/*' : accept,
  };
}
