/**
 * The ids of a batch's requests begin as its own does, so that a receipt can tell of which batch it is. 80 bits: no other
 * request's id looks the same.
 */
const markLength = 20;
const batchPrefix = 'batch_';
const requestPrefix = 'req_';

/** How the id of a request's batch begins, if it has one. */
export function batchIdBeginning(requestId: string): string {
  const begin = requestPrefix.length;
  return `${batchPrefix}${requestId.slice(begin, begin + markLength)}`;
}
