import { setTimeout as pause } from 'node:timers/promises';
import { type MarketUnderTest, type TestBuyer, until } from '@aisbf/testkit';
import { type StreamEnd, streamChat } from './chat-stream.js';

/** One request of the load that has ended. */
export type LoadEnd = Readonly<{ buyer: TestBuyer; end: StreamEnd; atMs: number }>;

/** What a client waits before it tries again after a failure. */
const backoffMs = 100;

/** Buyers who each ask for one stream after another until they are told to stop. */
export class Load {
  readonly ends: LoadEnd[] = [];
  private isStopping = false;
  private readonly running: readonly Promise<void>[];

  constructor(
    private readonly url: string,
    private readonly buyers: readonly TestBuyer[],
    models: readonly string[],
  ) {
    this.running = buyers.map((buyer, index) =>
      this.keepBuying(buyer, models[index % models.length] ?? ''),
    );
  }

  get successes(): readonly LoadEnd[] {
    return this.ends.filter(({ end }) => end.isSuccess);
  }

  /** Waits until this many more have failed. */
  async untilFailures(count: number): Promise<void> {
    const start = this.ends.length;
    await until(() => this.ends.slice(start).filter(({ end }) => !end.isSuccess).length >= count, {
      message: `${count} more requests have failed`,
    });
  }

  /** Waits until every buyer has had another success. */
  async untilAllSucceed(timeoutMs: number): Promise<void> {
    const start = this.ends.length;
    const lucky = () =>
      new Set(this.ends.slice(start).flatMap(({ buyer, end }) => (end.isSuccess ? [buyer] : [])));
    await until(() => lucky().size === this.buyers.length, {
      timeoutMs,
      message: 'every buyer has had another success',
    });
  }

  /** Resolves when what runs has ended. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await Promise.all(this.running);
  }

  private async keepBuying(buyer: TestBuyer, model: string): Promise<void> {
    while (!this.isStopping) {
      const fields = { max_tokens: 100 };
      const end = await streamChat({ url: this.url, apiToken: buyer.apiToken, model, fields });
      this.ends.push({ buyer, end, atMs: Date.now() });
      if (!end.isSuccess) await pause(backoffMs);
    }
  }
}

/** What the ledger holds of one request. */
export type LedgerEntry = Readonly<{
  id: string;
  state: string;
  outcome: string | null;
  captured: string;
  transactions: number;
}>;

export function ledgerEntries(market: MarketUnderTest): Promise<LedgerEntry[]> {
  return market.query<LedgerEntry>(
    `SELECT id, state, outcome, captured::text,
       (SELECT count(*)::int FROM transaction WHERE id = receipt.transaction_id) AS transactions
     FROM receipt WHERE state <> 'declined'
     UNION ALL SELECT id, 'open', NULL, '0', 0 FROM hold`,
  );
}
