import type { FastifyRequest } from 'fastify';
import { faults } from '../domain/faults.js';
import { isStudioPath, type StudioCall } from '../domain/studio-work.js';

const acceptLengthMax = 256;
const queryLengthMax = 4_096;
/** Reads which of the workers' own paths is called, from the URL as it was sent. */
export function studioCallOf({ method, raw, headers, routeOptions }: FastifyRequest): StudioCall {
  const [sent = '', ...searches] = (raw.url ?? '').split('?');
  const search = searches.join('?');
  const path = `/v1/${sent.split('/').slice(depthOf(routeOptions.url)).join('/')}`;
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

/** How many parts of the route stand before the area: the buyer may have come in at any of its addresses. */
function depthOf(route = ''): number {
  return route.replace(/\/\*$/, '').split('/').length - 1;
}
