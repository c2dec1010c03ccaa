import type { BatchId } from './batch-api.js';

/**
 * The ids of a batch's requests begin as its own does, so that a receipt can tell of which batch it is. 80 bits: no other
 * request's id looks the same.
 */
const markLength = 20;
const batchPrefix = 'batch_';
const requestPrefix = 'req_';

/** An id for one more request of this batch, from twelve hexadecimal digits that no other has. */
export function batchRequestId(batchId: BatchId, unique: string): string {
  const begin = batchPrefix.length;
  return `${requestPrefix}${batchId.slice(begin, begin + markLength)}${unique}`;
}

/** How the id of a request's batch begins, if it has one. */
export function batchIdBeginning(requestId: string): string {
  const begin = requestPrefix.length;
  return `${batchPrefix}${requestId.slice(begin, begin + markLength)}`;
}
