import type { WorkerFailure } from '@aisbf/broker-protocol';
import { defineFaults, type Fault } from '@aisbf/faults';

/** Every way the broker can refuse or fail a request. The keys are part of the internal API: add, never rename. */
export const brokerFaults = defineFaults({
  SESSION_GONE: ['missing', 'That worker connection is not here.'],
  SESSION_NOT_READY: ['unavailable', 'The worker has not introduced itself yet.'],
  SESSION_SUSPECT: ['unavailable', 'The worker has been silent; it gets no new work.'],
  SESSION_DRAINING: ['unavailable', 'This broker is leaving; it takes no new work.'],
  ENDPOINT_UNKNOWN: ['missing', 'Workers are not asked for this path.'],
  BODY_INVALID: ['invalid', 'The body is not the text of a JSON object.'],
  PAYLOAD_TOO_LARGE_FOR_WORKER: ['oversized', 'The request is larger than this worker takes.'],
  WORKER_BUSY: ['unavailable', 'The worker has all the requests that it takes.'],
  WORKER_UNRESPONSIVE: ['timeout', 'The worker did not acknowledge the request.'],
  WORKER_SILENT: ['timeout', 'The worker stopped speaking about the request.'],
  WORKER_DISCONNECTED: ['upstream', 'The worker disconnected.'],
  WORKER_FAILED: ['upstream', 'The worker reported a failure.'],
  WORKER_ANSWER_INVALID: ['upstream', "The worker's answer could not be used."],
  WORKER_MODEL_MISSING: ['missing', 'The worker does not have this model.'],
  WORKER_ENDPOINT_UNSUPPORTED: ['missing', 'The worker does not serve this endpoint.'],
  READER_TOO_SLOW: ['unavailable', 'The reader fell too far behind the worker.'],
  READER_STALLED: ['unavailable', 'The reader took nothing of the answer for too long.'],
  TOKEN_MISSING: ['unauthenticated', 'This needs an API token.'],
  PROVIDER_MISSING: ['missing', 'There is no such provider of yours here.'],
  PROVIDER_AMBIGUOUS: [
    'conflict',
    'More providers have this name than one answer can tell of; ask by id.',
  ],
  HISTORY_AWAY: ['unavailable', "Owners' histories cannot be written at the moment."],
  WORKERS_UNSURE: ['unavailable', 'Not everybody who may know of this provider has answered.'],
  VIEWS_CROWDED: ['throttled', 'Too many ask about their workers at the moment.'],
  REGISTRATION_REJECTED: ['forbidden', 'registration rejected'],
  ADMISSION_CROWDED: ['throttled', 'registration rejected'],
});

/** A worker's own failure as a fault; its words are kept short, its code tells what to remember. */
export function toFault({ reason, code, message }: WorkerFailure): Fault {
  const details = { reason, workerCode: code, workerMessage: message.slice(0, 500) };
  if (reason !== 'worker_error') return brokerFaults.WORKER_ANSWER_INVALID(details);
  if (code === 'model_not_found') return brokerFaults.WORKER_MODEL_MISSING(details);
  if (code === 'unsupported_endpoint' || code === 'unsupported_operation') {
    return brokerFaults.WORKER_ENDPOINT_UNSUPPORTED(details);
  }
  return brokerFaults.WORKER_FAILED(details);
}
