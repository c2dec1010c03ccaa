import { Fault } from '@aisbf/faults';
import type { RequestProblem } from '@aisbf/openai';

/** What is wrong with a request, as a refusal. */
export function requestFault(
  { code, message, param, isFeature }: RequestProblem,
  options?: ErrorOptions,
): Fault {
  const details = { code, param };
  const kind = isFeature ? 'unsupported' : 'invalid';
  return new Fault({ code: 'REQUEST_BODY_INVALID', kind, message, details }, options);
}
