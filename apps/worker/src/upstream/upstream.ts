import type { Readable } from 'node:stream';
import { redacted } from '@aisbf/secrets';
import { Agent, errors } from 'undici';
import { upstreamBase } from './upstream-url.js';
import { WrittenForm } from './written-form.js';

export type UpstreamOptions = Readonly<{
  url: string;
  apiKey?: string | undefined;
  connectMsMax: number;
  headersMsMax: number;
  silenceMsMax: number;
}>;

export type UpstreamRequest = Readonly<{
  method: 'GET' | 'POST';
  /** Below `/v1/`, with its query. Checked by whoever took it from the market. */
  path: string;
  /** The path is one of the engine's own, beside `/v1/`. Never for what comes from the market. */
  isNative?: boolean;
  headers: Readonly<Record<string, string>>;
  body?: string | Buffer | WrittenForm;
}>;

export type UpstreamAnswer = Readonly<{
  status: number;
  contentType: string;
  headers: Readonly<Record<string, string>>;
  /** Undefined where the engine does not know it before the end. */
  contentLength: number | undefined;
  body: Readable;
}>;

/** The engine could not be reached, or broke off. Says nothing that a buyer must not know. */
export class UpstreamFailure extends Error {
  readonly code: 'upstream_unavailable' | 'upstream_timeout';
  readonly status: 502 | 504;

  static from(cause: unknown): UpstreamFailure {
    const isTimeout =
      cause instanceof errors.HeadersTimeoutError ||
      cause instanceof errors.BodyTimeoutError ||
      cause instanceof errors.ConnectTimeoutError;
    return new UpstreamFailure(isTimeout ? 504 : 502, { cause });
  }

  private constructor(status: 502 | 504, options: ErrorOptions) {
    super(
      status === 504
        ? "The worker's engine did not answer in time."
        : "The worker's engine cannot be reached, or broke off.",
      options,
    );
    this.name = 'UpstreamFailure';
    this.code = status === 504 ? 'upstream_timeout' : 'upstream_unavailable';
    this.status = status;
  }
}

/** Response headers that mean something to a buyer; the others describe the seller's own network. */
const headersPassed = [
  'content-type',
  'content-disposition',
  'content-range',
  'retry-after',
  'x-request-id',
];

/** The seller's OpenAI-compatible server. Its API key is added here and is known nowhere else. */
export class Upstream {
  readonly #base: URL;
  readonly #agent: Agent;
  readonly #apiKey: string | undefined;

  constructor(options: UpstreamOptions) {
    this.#base = upstreamBase(options.url);
    this.#apiKey = options.apiKey;
    this.#agent = new Agent({
      connect: { timeout: options.connectMsMax },
      headersTimeout: options.headersMsMax,
      bodyTimeout: options.silenceMsMax,
    });
  }

  get url(): string {
    return this.#base.href.replace(/\/$/, '');
  }

  /** Rejects with `UpstreamFailure`, or with the signal's reason where it was aborted. */
  async request(request: UpstreamRequest, signal: AbortSignal): Promise<UpstreamAnswer> {
    const authorization: Record<string, string> =
      this.#apiKey === undefined ? {} : { authorization: `Bearer ${this.#apiKey}` };
    try {
      const answer = await this.#agent.request({
        origin: this.#base.origin,
        path: this.#pathOf(request),
        method: request.method,
        // Compressed answers would have to be unpacked before they can be relayed as text.
        headers: {
          'accept-encoding': 'identity',
          ...request.headers,
          ...formHeaders(request.body),
          ...authorization,
        },
        body: toBody(request.body),
        signal,
      });
      const headers = passedHeaders(answer.headers);
      const contentType = headers['content-type'] ?? 'application/octet-stream';
      const contentLength = lengthOf(answer.headers['content-length']);
      return { status: answer.statusCode, contentType, headers, contentLength, body: answer.body };
    } catch (error) {
      signal.throwIfAborted();
      throw UpstreamFailure.from(error);
    }
  }

  #pathOf({ path, isNative }: UpstreamRequest): string {
    const base = this.#base.pathname;
    return (isNative ? base.replace(/v\d[^/]*\/$/, '') : base) + path;
  }

  /** Takes the seller's own secret out of an error text, which some servers repeat in it. */
  redact(text: string): string {
    return this.#apiKey === undefined ? text : redacted(text, this.#apiKey);
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

function formHeaders(body: UpstreamRequest['body']): Readonly<Record<string, string>> {
  if (!(body instanceof WrittenForm)) return {};
  return { 'content-type': body.contentType, 'content-length': String(body.length) };
}

function toBody(body: UpstreamRequest['body']): string | Buffer | Readable | null {
  if (!(body instanceof WrittenForm)) return body ?? null;
  // undici sends whatever can be iterated over, a piece when there is room for it; its types know streams only.
  return body.pieces as Iterable<Buffer> as unknown as Readable;
}

/** Whether a text can be a header's value; anything else would fail the whole request. */
export function isHeaderValue(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 1024 && /^[\x20-\x7E]*$/.test(value);
}

function lengthOf(stated: string | string[] | undefined): number | undefined {
  return typeof stated === 'string' && /^\d{1,15}$/.test(stated) ? Number(stated) : undefined;
}

function passedHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of headersPassed) {
    const value = headers[name];
    if (typeof value === 'string') passed[name] = value;
  }
  return passed;
}
