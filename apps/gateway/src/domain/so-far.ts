import type { Units } from '@aisbf/contracts';

/** What a running request has come to, should nobody be there to report its end. */
export type SoFar = Readonly<{
  /** Whole answers: paid for, whatever becomes of the rest. */
  finished: Units;
  /** All that has left for the buyer, the finished included. */
  delivered: Units;
}>;
