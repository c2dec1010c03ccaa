import { Fault } from '@aisbf/faults';

/** Nothing was held where one of these stopped the admission: they come before the money. */
const beforeMoney: ReadonlySet<string> = new Set([
  'CATALOGUE_NOT_LOADED',
  'CATALOGUE_UNREACHABLE',
  'LIMITS_UNAVAILABLE',
  'NO_CANDIDATE',
]);

/**
 * Whether money may be held although the admission failed: its answer got lost between two of us, or may
 * have. A plain refusal holds nothing, and neither does a call that never left.
 */
export function mayHaveHeld(thrown: unknown): boolean {
  if (!(thrown instanceof Fault)) return true;
  if (thrown.kind !== 'unavailable' && thrown.kind !== 'timeout') return false;
  return !beforeMoney.has(thrown.code) && thrown.details.wasSent !== false;
}
