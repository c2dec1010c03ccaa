import { Fault } from '@aisbf/faults';
import type { RequestProblem } from '@aisbf/openai';

/** What is wrong with a request, as a refusal. */
export function requestFault(
  { code, message, param }: RequestProblem,
  options?: ErrorOptions,
): Fault {
  const details = { code, param };
  return new Fault({ code: 'REQUEST_BODY_INVALID', kind: 'invalid', message, details }, options);
}
