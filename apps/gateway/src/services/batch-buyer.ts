import { faults } from '../domain/faults.js';
import { Buyer } from './buyer.js';

/**
 * Nobody who waits: what is answered becomes the line's outcome, with what it costs. Lines are whole answers of JSON;
 * whatever else comes is none.
 */
export class BatchBuyer extends Buyer {
  constructor(
    /** Nobody has use for the answer any more. */
    readonly left: AbortSignal,
  ) {
    super();
  }

  /** What is there is kept, whoever has left meanwhile. */
  answer(): boolean {
    return true;
  }

  beginStream(): never {
    throw faults.BATCH_ANSWER_UNFIT();
  }

  beginBytes(): never {
    throw faults.BATCH_ANSWER_UNFIT();
  }

  write(): never {
    throw faults.BATCH_ANSWER_UNFIT();
  }

  endStream(): never {
    throw faults.BATCH_ANSWER_UNFIT();
  }

  /** Its time is over, and there is nobody whose reading could be waited for. */
  expire(): void {}

  breakStream(): never {
    throw faults.BATCH_ANSWER_UNFIT();
  }

  breakBytes(): never {
    throw faults.BATCH_ANSWER_UNFIT();
  }
}
