import type { Log } from '../log.js';
import { readBody } from './answer-body.js';
import { type Upstream, UpstreamFailure } from './upstream.js';

/** One model as the upstream describes it; whatever it says besides the name is passed on. */
export type ListedModel = Readonly<{ id: string; [field: string]: unknown }>;

/** No engine lists more, and a market does not want to hear of more. */
const modelsMax = 2_000;
const listBytesMax = 4 * 1024 ** 2;
/** A list is a look into memory: an engine that needs longer for it is not well. */
const listMsMax = 10_000;
/** One lost answer of a busy engine is no reason to leave the market. */
const failuresBorne = 1;

export type ModelListOptions = Readonly<{
  upstream: Upstream;
  allowed: readonly string[];
  pollMs: number;
  log: Log;
}>;

/**
 * What the upstream has to sell, asked again and again. An upstream that does not answer has nothing to
 * sell, so its worker stays connected with an empty list.
 */
export class ModelList {
  readonly #options: ModelListOptions;
  readonly #ended = new AbortController();
  #models: readonly ListedModel[] = [];
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
    return this.#isWithdrawn ? [] : this.#models;
  }

  get names(): readonly string[] {
    return this.offered.map(({ id }) => id);
  }

  /** Whether a buyer may ask for this model, also one that the list does not show. */
  isAllowed(name: string): boolean {
    const { allowed } = this.#options;
    return allowed.length === 0 || allowed.includes(name);
  }

  onChange(listener: () => void): void {
    this.#onChange = listener;
  }

  /** Asks once, and from then on by the clock. */
  async start(): Promise<void> {
    await this.refresh();
    this.#schedule();
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
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    const before = fingerprint(this.#models);
    try {
      this.#succeed(await this.#fetch());
    } catch (error) {
      if (this.#ended.signal.aborted) return;
      this.#fail(error);
    }
    if (!this.#isWithdrawn && fingerprint(this.#models) !== before) this.#onChange?.();
  }

  #schedule(): void {
    if (this.#ended.signal.aborted) return;
    this.#timer = setTimeout(() => {
      void this.refresh().then(() => this.#schedule());
    }, this.#options.pollMs);
  }

  async #fetch(): Promise<readonly ListedModel[]> {
    const signal = AbortSignal.any([this.#ended.signal, AbortSignal.timeout(listMsMax)]);
    const request = { method: 'GET', path: 'models', headers: {} } as const;
    const answer = await this.#options.upstream.request(request, signal);
    const body = await readBody(answer.body, listBytesMax);
    if (answer.status !== 200) throw new Error(`GET models answers ${answer.status}`);
    if (body === undefined) throw new Error('the list of models is too large');
    return readModelList(body.toString('utf8')).filter(({ id }) => this.isAllowed(id));
  }

  #succeed(models: readonly ListedModel[]): void {
    this.#models = models;
    this.#failures = 0;
    const wasUp = this.#health === 'up';
    this.#health = 'up';
    const { log, upstream, allowed } = this.#options;
    if (!wasUp) log.info({ upstream: upstream.url, models: this.names }, 'upstream is ready');
    if (models.length > 0 || wasUp) return;
    const next =
      allowed.length === 0
        ? 'load a model into the upstream'
        : `the upstream lists none of ${allowed.join(', ')}: check --models`;
    log.warn({ upstream: upstream.url, next }, 'upstream offers no model');
  }

  #fail(error: unknown): void {
    this.#failures += 1;
    if (this.#failures <= failuresBorne && this.#health === 'up') return;
    this.#models = [];
    if (this.#health === 'down') return;
    this.#health = 'down';
    const { log, upstream } = this.#options;
    log.warn(
      {
        upstream: upstream.url,
        reason: reasonOf(error),
        next: 'start the server or check --upstream and its API key; it is asked again by itself',
      },
      'upstream does not answer: nothing is offered',
    );
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof UpstreamFailure ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  // A refused connection to several addresses has an empty message and its reason in the code.
  return cause.message || String((cause as NodeJS.ErrnoException).code ?? cause.name);
}

/** Some engines stamp each list with the time and random permission ids, which change nothing. */
function fingerprint(models: readonly ListedModel[]): string {
  return JSON.stringify(models.map((model) => ({ ...model, created: 0, permission: [] })));
}

/** Reads OpenAI's form of a list and passes over what is no model. */
export function readModelList(text: string): readonly ListedModel[] {
  const parsed: unknown = JSON.parse(text);
  const data = typeof parsed === 'object' && parsed !== null && 'data' in parsed && parsed.data;
  if (!Array.isArray(data)) throw new Error('the list of models is not in the form of OpenAI');
  const rows: readonly unknown[] = data;
  return rows.filter(isListedModel).slice(0, modelsMax);
}

function isListedModel(row: unknown): row is ListedModel {
  return (
    typeof row === 'object' &&
    row !== null &&
    'id' in row &&
    typeof row.id === 'string' &&
    row.id !== '' &&
    row.id.length <= 256
  );
}
