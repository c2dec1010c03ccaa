import { Fault } from '@aisbf/faults';
import { withRetry } from './pg-retry.js';

export type BatchLimits = Readonly<{
  /** Statements under way at once. One owner's money is moved by one at a time, whatever this says. */
  lanesMax: number;
  /** Calls in one statement: more only make each of them wait longer. */
  itemsMax: number;
  /**
   * Calls that must wait before a statement begins beside another: fewer go with the next one. Where it is not said, one.
   * Statements of the same wallets wait for each other, and a larger one costs each of its calls less.
   */
  besideMin?: number;
}>;

type Waiting<Item, Result> = Readonly<{
  item: Item;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}>;

/** A statement that takes longer has met a stuck peer, and keeps nobody from beginning another one. */
const slowMs = 25;

/** Does all items in one transaction, and answers in their order. */
export type BatchWork<Item, Result> = (items: readonly Item[]) => Promise<readonly Result[]>;

/**
 * Lets concurrent calls share one statement and one commit: whatever comes while all lanes are busy goes together
 * when the next one is free. Nobody waits for a batch to fill. An item that breaks its batch is found by halving it,
 * so that it breaks nobody else.
 */
export class PgBatch<Item, Result> {
  private readonly waiting: Waiting<Item, Result>[] = [];
  private running = 0;
  /** Of those that run. */
  private slow = 0;
  private isArmed = false;

  constructor(
    private readonly work: BatchWork<Item, Result>,
    private readonly limits: BatchLimits,
  ) {}

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      this.arm();
    });
  }

  /** Calls of the same turn of the event loop go together. */
  private arm(): void {
    if (this.isArmed || !this.mayBegin()) return;
    this.isArmed = true;
    setImmediate(() => {
      this.isArmed = false;
      void this.run(this.waiting.splice(0, this.limits.itemsMax));
      if (this.waiting.length > 0) this.arm();
    });
  }

  private mayBegin(): boolean {
    const { lanesMax, besideMin = 1 } = this.limits;
    if (this.running >= lanesMax) return false;
    return this.running === this.slow || this.waiting.length >= besideMin;
  }

  private async run(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    this.running += 1;
    let isSlow = false;
    const timer = setTimeout(() => {
      isSlow = true;
      this.slow += 1;
      if (this.waiting.length > 0) this.arm();
    }, slowMs);
    try {
      await this.settle(batch);
    } finally {
      clearTimeout(timer);
      this.running -= 1;
      if (isSlow) this.slow -= 1;
      if (this.waiting.length > 0) this.arm();
    }
  }

  private async settle(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await withRetry(() => this.work(batch.map(({ item }) => item)));
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result);
    } catch (error) {
      // A ledger that is away is away for each of them.
      if (batch.length === 1 || error instanceof Fault) {
        for (const { reject } of batch) reject(error);
        return;
      }
      const middle = Math.ceil(batch.length / 2);
      await Promise.all([this.settle(batch.slice(0, middle)), this.settle(batch.slice(middle))]);
    }
  }
}
