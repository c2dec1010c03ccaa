import { internalPaths, type Settle, Settled, SettledAll } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import type { InternalClient } from '@aisbf/platform';

export type SettleCallsLimits = Readonly<{
  /** Calls under way at once: one that is slow holds up no other. */
  callsMax: number;
  itemsMax: number;
  /** What accounts takes in one body, less some room for what is only estimated here. */
  bytesMax: number;
  /** Between the beginnings of two calls, unless the next one is full. */
  apartMs: number;
}>;

type Waiting = Readonly<{
  settlement: Settle;
  resolve: (settled: Settled) => void;
  reject: (error: unknown) => void;
}>;

/** About what a report and each of its attempts take as JSON, without the ticket. */
const reportBytes = 700;
const attemptBytes = 300;

/**
 * Lets reports share calls to accounts: whatever comes while all calls are under way, or soon after one has begun, goes
 * together in the next one. A report that comes by itself waits for nobody, and each gets an answer of its own.
 */
export class SettleCalls {
  private readonly waiting: Waiting[] = [];
  private underWay = 0;
  private isArmed = false;
  private beganAtMs = Number.NEGATIVE_INFINITY;
  private pause: NodeJS.Timeout | undefined;

  constructor(
    private readonly accounts: Pick<InternalClient, 'post'>,
    private readonly limits: SettleCallsLimits,
  ) {}

  /** Throws the fault that this report was refused with, or that its call failed with. */
  settle(settlement: Settle): Promise<Settled> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ settlement, resolve, reject });
      this.arm();
    });
  }

  /** Reports of the same turn of the event loop go together. */
  private arm(): void {
    if (this.isArmed || this.underWay >= this.limits.callsMax) return;
    const { apartMs, itemsMax } = this.limits;
    const waitMs = this.beganAtMs + apartMs - performance.now();
    if (waitMs > 0 && this.waiting.length < itemsMax) {
      this.pause ??= setTimeout(() => this.sendNext(), waitMs);
      return;
    }
    this.isArmed = true;
    setImmediate(() => this.sendNext());
  }

  private sendNext(): void {
    clearTimeout(this.pause);
    this.pause = undefined;
    this.isArmed = false;
    if (this.waiting.length === 0 || this.underWay >= this.limits.callsMax) return;
    this.beganAtMs = performance.now();
    void this.send(this.waiting.splice(0, this.countOfNext()));
    if (this.waiting.length > 0) this.arm();
  }

  private countOfNext(): number {
    let bytes = 0;
    let count = 0;
    for (const { settlement } of this.waiting) {
      bytes += sizeOf(settlement);
      if (count === this.limits.itemsMax || (count > 0 && bytes > this.limits.bytesMax)) break;
      count += 1;
    }
    return count;
  }

  private async send(batch: readonly Waiting[]): Promise<void> {
    this.underWay += 1;
    try {
      const [only, ...others] = batch;
      if (only && others.length === 0) await this.alone(only);
      else await this.together(batch);
    } finally {
      this.underWay -= 1;
      if (this.waiting.length > 0) this.arm();
    }
  }

  private async alone({ settlement, resolve, reject }: Waiting): Promise<void> {
    const { requestId } = settlement;
    await this.accounts
      .post(internalPaths.accountsSettle, settlement, Settled, requestId)
      .then(resolve, reject);
  }

  private async together(batch: readonly Waiting[]): Promise<void> {
    const settlements = batch.map(({ settlement }) => settlement);
    try {
      const { results } = await this.accounts.post(
        internalPaths.accountsSettleAll,
        { type: 'settle-all', settlements },
        SettledAll,
      );
      for (const [index, { resolve, reject }] of batch.entries()) {
        const result = results[index];
        if (result && !('fault' in result)) resolve(result);
        else reject(result ? new Fault(result.fault) : new RangeError('a report got no answer'));
      }
    } catch (error) {
      // Where the call itself is refused, one of them is to blame: alone it breaks nobody else.
      if (isRefusal(error)) await Promise.all(batch.map((one) => this.alone(one)));
      else for (const { reject } of batch) reject(error);
    }
  }
}

function sizeOf({ ticket, attempts }: Settle): number {
  return reportBytes + (ticket?.length ?? 0) + attempts.length * attemptBytes;
}

function isRefusal(error: unknown): boolean {
  return error instanceof Fault && error.kind !== 'unavailable' && error.kind !== 'timeout';
}
