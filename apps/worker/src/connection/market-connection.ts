import { setTimeout as wait } from 'node:timers/promises';
import { Session, type SessionOptions } from './session.js';
import {
  type RetryLimits,
  reportEnding,
  retryDelayMs,
  type SessionEnding,
} from './session-ending.js';

export type MarketConnectionOptions = SessionOptions & Readonly<{ retry: RetryLimits }>;

/** A session that lasted this long was a success, so the next failure is the first again. */
const stableMs = 10_000;

/** Keeps one session with the market, again and again, until it is told to leave. */
export class MarketConnection {
  readonly #options: MarketConnectionOptions;
  readonly #left = new AbortController();
  #session: Session | undefined;

  constructor(options: MarketConnectionOptions) {
    this.#options = options;
  }

  /** Resolves after `leave`, and never before. */
  async run(): Promise<void> {
    const { log, address } = this.#options;
    let failures = 0;
    while (!this.#left.signal.aborted) {
      log.info({ market: address.shownUrl }, 'connecting to the market');
      const session = new Session(this.#options);
      this.#session = session;
      const ending = await session.run();
      if (session.servedMs >= stableMs) failures = 0;
      await this.#pause(ending, failures);
      failures += 1;
    }
  }

  /** Tells the market that the models have changed; a session to come will tell it by itself. */
  register(): void {
    this.#session?.register();
  }

  async leave(graceMs: number): Promise<void> {
    this.#left.abort();
    await this.#session?.leave(graceMs);
  }

  async #pause(ending: SessionEnding, failures: number): Promise<void> {
    const { log, retry } = this.#options;
    const { sentence, reason, next } = reportEnding(ending);
    if (this.#left.signal.aborted) return log.info({ reason }, sentence);
    const delayMs = retryDelayMs(ending, failures, Math.random(), retry);
    log.warn({ reason, retry_ms: delayMs, ...(next === undefined ? {} : { next }) }, sentence);
    // Waiting ends early, and without a failure, when the worker is told to leave.
    await wait(delayMs, undefined, { signal: this.#left.signal }).catch(() => undefined);
  }
}
