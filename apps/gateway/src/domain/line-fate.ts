import { type Fault, isRetryable } from '@aisbf/faults';

/**
 * What a failure means for a line of a batch.
 *
 * - `later`: something stands in its way that passes; it waits as long as the batch has time
 * - `again`: everybody who was asked failed; it may be tried some times more
 * - `void`: its API token is none any more, and that of all other lines with it
 * - `closed`: it runs elsewhere, or has an outcome already
 * - `final`: this is its outcome
 */
export type LineFate = 'later' | 'again' | 'void' | 'closed' | 'final';

/** Not by its kind, but it passes: other requests end. */
const passing = 'HELD_BY_OTHER_REQUESTS';

export function fateOf({ code, kind }: Pick<Fault, 'code' | 'kind'>): LineFate {
  if (code === 'BATCH_LINE_CLOSED') return 'closed';
  if (code === passing || kind === 'throttled' || kind === 'unavailable') return 'later';
  if (kind === 'unauthenticated') return 'void';
  return isRetryable(kind) ? 'again' : 'final';
}

/** How long a line waits that has been tried so often: as long as it is told, or ever longer. */
export function pauseMs(
  tries: number,
  { firstMs, mostMs }: Readonly<{ firstMs: number; mostMs: number }>,
  askedMs = 0,
): number {
  const growing = firstMs * 2 ** Math.min(tries, 30);
  return Math.min(Math.max(growing, askedMs), mostMs);
}
