import type { Candidate, Plan } from '@aisbf/contracts';
import { fallbackNotice, headerText } from '../domain/fallback-notice.js';
import type { Work } from '../domain/work.js';
import type { Attempts } from './attempts.js';
import type { AnswerHead } from './buyer.js';
import type { RunningAttempt } from './running-attempt.js';

/** What the answer of a candidate says of itself. */
export function answerHead(
  { request, wishes }: Work,
  { candidates }: Plan,
  candidate: Candidate,
  attempts: Attempts,
  serving: RunningAttempt,
): AnswerHead {
  const routes = [request.model, ...(wishes.facts.fallbacks ?? [])];
  const route = routes[candidate.routePlace ?? (routes.length === 1 ? 0 : -1)];
  const fallbackFrom = fallbackNotice(attempts.before(serving), candidates);
  return {
    provider: candidate.providerLabel,
    attempts: attempts.count,
    ...(route !== undefined && { route: headerText(route) }),
    ...(fallbackFrom !== undefined && { fallbackFrom }),
  };
}
