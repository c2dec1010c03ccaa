import type { Log } from '../log.js';
import type { UpstreamStatus } from '../status.js';
import { type Assortment, missingNames, offer } from './assortment.js';
import { readEngineList } from './engine-list.js';
import type { ListedModel } from './listed-model.js';
import { type Upstream, UpstreamFailure } from './upstream.js';

/** A list is a look into memory: an engine that needs longer for it is not well. */
const listMsMax = 10_000;
/** One lost answer of a busy engine is no reason to leave the market. */
const failuresBorne = 1;

export type ModelListOptions = Readonly<{
  upstream: Upstream;
  assortment: Assortment;
  /** How often an upstream that is well is asked. */
  pollMs: number;
  /** After how long one that has failed is asked again at first; doubled up to `pollMs`. */
  retryMsMin: number;
  log: Log;
  show: (status: Partial<UpstreamStatus>) => void;
}>;

/**
 * What the upstream has to sell, asked again and again. An upstream that does not answer has nothing to
 * sell, so its worker stays connected with an empty list.
 */
export class ModelList {
  readonly #options: ModelListOptions;
  readonly #ended = new AbortController();
  #models: readonly ListedModel[] = [];
  #offered: readonly ListedModel[] = [];
  #missing = '';
  #isWithdrawn = false;
  #failures = 0;
  #health: 'unknown' | 'up' | 'down' = 'unknown';
  #timer: NodeJS.Timeout | undefined;
  #onChange: (() => void) | undefined;
  #refreshing: Promise<void> | undefined;

  constructor(options: ModelListOptions) {
    this.#options = options;
  }

  /** What the market may sell of it. */
  get offered(): readonly ListedModel[] {
    return this.#isWithdrawn ? [] : this.#offered;
  }

  get assortment(): Assortment {
    return this.#options.assortment;
  }

  onChange(listener: () => void): void {
    this.#onChange = listener;
  }

  /** Asks once, and from then on by the clock. */
  async start(): Promise<void> {
    await this.refresh();
  }

  /** Takes everything off the market: this worker is about to leave. */
  withdraw(): void {
    this.#isWithdrawn = true;
    this.#onChange?.();
  }

  stop(): void {
    this.#ended.abort();
    clearTimeout(this.#timer);
  }

  /** Asks now; whoever asks while an answer is awaited shares it. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
      this.#schedule();
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    const before = fingerprint(this.#offered);
    try {
      this.#succeed(await this.#fetch());
    } catch (error) {
      if (this.#ended.signal.aborted) return;
      this.#fail(error);
    }
    if (!this.#isWithdrawn && fingerprint(this.#offered) !== before) this.#onChange?.();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#ended.signal.aborted) return;
    const { pollMs, retryMsMin } = this.#options;
    const delayMs = pollDelayMs(this.#failures, { pollMs, retryMsMin });
    this.#timer = setTimeout(() => void this.refresh(), delayMs);
  }

  #fetch(): Promise<readonly ListedModel[]> {
    const signal = AbortSignal.any([this.#ended.signal, AbortSignal.timeout(listMsMax)]);
    return readEngineList(this.#options.upstream, signal);
  }

  #succeed(models: readonly ListedModel[]): void {
    const { log, upstream, assortment, show } = this.#options;
    const wasUp = this.#health === 'up';
    this.#models = withKnownContext(models, this.#models);
    this.#offered = offer(this.#models, assortment);
    this.#failures = 0;
    this.#health = 'up';
    const names = this.#offered.map(({ id }) => id);
    if (!wasUp) log.info({ upstream: upstream.url, models: names }, 'upstream is ready');
    const next = this.#advice();
    show({ health: 'up', models: names, reason: undefined, next });
  }

  /** What the seller should mend in what is on sale; said once for each state. */
  #advice(): string | undefined {
    const { log, upstream, assortment } = this.#options;
    const missing = missingNames(this.#models, assortment);
    const isEmpty = this.#offered.length === 0;
    const next =
      missing.length > 0
        ? `the upstream has no model ${missing.join(', ')}: check --models and --alias`
        : isEmpty
          ? 'load a model into the upstream'
          : undefined;
    if (next === undefined) this.#missing = '';
    else if (next !== this.#missing) {
      this.#missing = next;
      const sentence = isEmpty ? 'upstream offers no model' : 'upstream lacks a model';
      log.warn({ upstream: upstream.url, next }, sentence);
    }
    return next;
  }

  #fail(error: unknown): void {
    this.#failures += 1;
    if (this.#failures <= failuresBorne && this.#health === 'up') return;
    this.#offered = [];
    const reason = reasonOf(error);
    const next =
      'start the server or check --upstream and its API key; it is asked again by itself';
    const { log, upstream, show } = this.#options;
    show({ health: 'down', models: [], reason, next });
    if (this.#health === 'down') return;
    this.#health = 'down';
    const sentence = 'upstream does not answer: nothing is offered';
    log.warn({ upstream: upstream.url, reason, next }, sentence);
  }
}

/** After a failure soon, then ever later, so that a server that starts again is found at once. */
export function pollDelayMs(
  failures: number,
  { pollMs, retryMsMin }: Readonly<{ pollMs: number; retryMsMin: number }>,
): number {
  if (failures === 0) return pollMs;
  return Math.min(pollMs, retryMsMin * 2 ** Math.min(failures - 1, 30));
}

function reasonOf(error: unknown): string {
  const cause = error instanceof UpstreamFailure ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  // A refused connection to several addresses has an empty message and its reason in the code.
  return cause.message || String((cause as NodeJS.ErrnoException).code ?? cause.name);
}

/** Some engines tell a model's context only while it is loaded; it does not change by being unloaded. */
function withKnownContext(
  models: readonly ListedModel[],
  known: readonly ListedModel[],
): readonly ListedModel[] {
  const contexts = new Map(known.map((model) => [model.id, model.context_length]));
  return models.map((model) => {
    const context = model.context_length ?? contexts.get(model.id);
    return context === undefined ? model : { ...model, context_length: context };
  });
}

/** Some engines stamp each list with the time, which changes nothing. */
function fingerprint(models: readonly ListedModel[]): string {
  return JSON.stringify(models.map((model) => ({ ...model, created: 0 })));
}
