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
/** Two machines of one name throw each other out: only after this long it is over. */
const undisputedMs = 15 * 60_000;
/** No market takes less, so that learning from a refused size ends here. */
const sentFrameBytesLeast = 65_536;

/** Keeps one session with the market, again and again, until it is told to leave. */
export class MarketConnection {
  readonly #options: MarketConnectionOptions;
  readonly #left = new AbortController();
  /** Sessions with brokers that leave: they finish what they have. */
  readonly #retiring = new Set<Promise<void>>();
  #session: Session | undefined;
  #sentFrameBytesMax: number;
  #failures = 0;
  #takeovers = 0;

  constructor(options: MarketConnectionOptions) {
    this.#options = options;
    this.#sentFrameBytesMax = options.limits.sentFrameBytesMax;
  }

  /** Resolves after `leave`, and never before. */
  async run(graceMs: number): Promise<void> {
    while (!this.#left.signal.aborted) {
      const session = this.#open();
      const ended = session.run();
      const moved = session.farewell.then((grantedMs) => ({ grantedMs: grantedMs ?? graceMs }));
      const first = await Promise.race([ended, moved]);
      if ('grantedMs' in first) {
        this.#retire(session, Math.min(first.grantedMs, graceMs));
        await this.#pauseMove(session);
      } else {
        this.#learn(first, session);
        await this.#pause(first);
      }
    }
    await Promise.all(this.#retiring);
  }

  /** Tells the market that the models have changed; a session to come will tell it by itself. */
  register(): void {
    this.#session?.register();
  }

  async leave(graceMs: number): Promise<void> {
    this.#left.abort();
    this.#options.show({ state: 'leaving', retryAtMs: undefined, next: undefined });
    await this.#session?.leave(graceMs);
  }

  #open(): Session {
    const { log, address, limits, show } = this.#options;
    const { shownUrl } = address();
    log.info({ market: shownUrl }, 'connecting to the market');
    show({ state: 'connecting', url: shownUrl, sinceMs: Date.now(), retryAtMs: undefined });
    const sentFrameBytesMax = this.#sentFrameBytesMax;
    const session = new Session({ ...this.#options, limits: { ...limits, sentFrameBytesMax } });
    this.#session = session;
    return session;
  }

  /** The broker leaves: a new session is opened beside this one, which takes nothing more. */
  #retire(session: Session, graceMs: number): void {
    const { log } = this.#options;
    log.info({ grace_ms: graceMs }, 'market moves: connecting anew, finishing here what runs');
    const retiring = session.leave(graceMs).then(() => {
      log.info({}, 'left the connection that the market has moved from');
      this.#retiring.delete(retiring);
    });
    this.#retiring.add(retiring);
  }

  /** A market moves at once, unless it does nothing but move. */
  async #pauseMove(session: Session): Promise<void> {
    const isFirst = this.#failures === 0 || session.servedMs >= stableMs;
    this.#failures = isFirst ? 1 : this.#failures + 1;
    if (isFirst) return;
    const ending = { kind: 'closed', code: 1001, reason: 'moved', wasAccepted: true } as const;
    const history = { failures: this.#failures, takeovers: 0 };
    await this.#wait(retryDelayMs(ending, history, Math.random(), this.#options.retry));
  }

  #learn(ending: SessionEnding, session: Session): void {
    const code = ending.kind === 'closed' ? ending.code : undefined;
    if (session.servedMs >= stableMs) this.#failures = 0;
    if (session.servedMs >= undisputedMs) this.#takeovers = 0;
    if (code !== 1009) return;
    const smaller = Math.max(sentFrameBytesLeast, session.largestSentBytes - 1);
    this.#sentFrameBytesMax = Math.min(this.#sentFrameBytesMax, smaller);
  }

  async #pause(ending: SessionEnding): Promise<void> {
    const { log, retry, show } = this.#options;
    const { sentence, reason, next } = reportEnding(ending);
    if (this.#left.signal.aborted) return log.info({ reason }, sentence);
    const history = { failures: this.#failures, takeovers: this.#takeovers };
    const delayMs = retryDelayMs(ending, history, Math.random(), retry);
    this.#failures += 1;
    if (ending.kind === 'closed' && ending.code === 4001) this.#takeovers += 1;
    log.warn({ reason, retry_ms: delayMs, ...(next === undefined ? {} : { next }) }, sentence);
    const sinceMs = Date.now();
    const retryAtMs = sinceMs + delayMs;
    const shown = { session: undefined, sinceMs, retryAtMs, reason: `${sentence}: ${reason}` };
    show({ ...shown, state: 'waiting', next });
    await this.#wait(delayMs);
  }

  /** Ends early, and without a failure, when the worker is told to leave. */
  async #wait(delayMs: number): Promise<void> {
    await wait(delayMs, undefined, { signal: this.#left.signal }).catch(() => undefined);
  }
}
