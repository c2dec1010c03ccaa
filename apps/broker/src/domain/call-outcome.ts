import type { CallFigures } from './rolling-figures.js';

/** How a request ended, as far as that says something about its worker. */
export type CallOutcome = Readonly<{
  /**
   * - `busy`: the worker has refused it because it has too many
   * - `unserved`: the worker does not serve this path at all
   */
  type: OutcomeType;
  path: string;
  /** Undefined where it is not known; then it counts for no model. */
  model: string | undefined;
  begunAtMs: number;
  figures: CallFigures;
}>;

export type OutcomeType = 'served' | 'busy' | 'failed' | 'unserved';

/** What an answer's status says of the worker; undefined where the fault was the buyer's. */
export function outcomeOfStatus(status: number): OutcomeType | undefined {
  if (status < 400) return 'served';
  if (status === 503) return 'busy';
  return status >= 500 ? 'failed' : undefined;
}
