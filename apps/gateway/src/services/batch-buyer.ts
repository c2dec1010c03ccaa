import { faults } from '../domain/faults.js';
import { Buyer } from './buyer.js';

/**
 * Nobody who waits: what is answered is kept as the line's outcome, before it is paid for. Lines are whole answers of
 * JSON; whatever else comes is none.
 */
export class BatchBuyer extends Buyer {
  constructor(
    /** The process is leaving. */
    readonly left: AbortSignal,
  ) {
    super();
  }

  /** Whoever leaves takes with it what is at hand. */
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
