import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { type Candidate, internalHeaders, internalPaths } from '@aisbf/contracts';
import { type EgressAgents, EgressRefused, type EgressWay } from '@aisbf/egress';
import type { OnApplicationShutdown } from '@nestjs/common';
import { errors } from 'undici';
import type { RetryHeaders } from '../domain/retry-after.js';
import type { UpstreamBody } from '../domain/upstream-body.js';
import {
  DeadlinePassed,
  Upstream,
  type UpstreamAnswer,
  UpstreamBroken,
  type UpstreamRequest,
} from '../services/upstream.js';
import type { EgressRefusals } from './egress-refusals.js';
import { firstByteLimit } from './first-byte-limit.js';

export type HttpUpstreamOptions = Readonly<{
  internalSecret: string;
  agents: EgressAgents;
  refusals: EgressRefusals;
}>;

/** Calls hosted APIs and brokers alike, over kept connections. */
export class HttpUpstream extends Upstream implements OnApplicationShutdown {
  constructor(private readonly options: HttpUpstreamOptions) {
    super();
  }

  async send(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const { candidate, deadlines } = request;
    const base = new URL(baseOf(candidate));
    const content = request.body?.open() ?? null;
    // While a body is still being sent nobody can answer, and a broker watches over its worker itself.
    const isWatched = candidate.kind === 'http' && (content === null || isWhole(content));
    const limit = firstByteLimit(
      request.signal,
      isWatched ? deadlines.firstByteMs : Number.POSITIVE_INFINITY,
    );
    try {
      const response = await this.options.agents.for(wayOf(candidate)).request({
        origin: base.origin,
        path: `${base.pathname.replace(/\/$/, '')}${request.path}${base.search}`,
        method: request.method,
        body: toBody(content),
        headers: this.headersFor(request),
        signal: limit.signal,
        // A broker watches over its worker's silence itself, and knows when a model is loading.
        headersTimeout: candidate.kind === 'session' ? deadlines.totalMs : deadlines.firstByteMs,
        bodyTimeout: candidate.kind === 'session' ? deadlines.totalMs : deadlines.idleMs,
      });
      return {
        status: response.statusCode,
        contentType: headerOf(response.headers['content-type']) ?? '',
        ...fileHeadersOf(response.headers),
        retry: retryHeadersOf(response.headers),
        brokerFault:
          candidate.kind === 'session'
            ? headerOf(response.headers[internalHeaders.fault])
            : undefined,
        body: translated(response.body.iterator({ destroyOnReturn: false })),
        dismiss: () => dismiss(response.body),
        cancel: () => cancel(response.body),
      };
    } catch (error) {
      if (error instanceof EgressRefused) this.options.refusals.note(candidate, error);
      throw brokenBy(error);
    } finally {
      limit.heard();
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.options.agents.close();
  }

  private headersFor(request: UpstreamRequest): Record<string, string> {
    const { candidate, isStream, requestId, isLast, givesWay, body, accept, range } = request;
    const headers = {
      ...(body && { 'content-type': body.contentType }),
      ...(body?.length !== undefined && { 'content-length': String(body.length) }),
      accept,
      ...(range !== undefined && { range }),
      [internalHeaders.requestId]: requestId,
    };
    if (candidate.kind === 'http') return { ...headers, ...request.headers, ...candidate.headers };
    return {
      ...headers,
      [internalHeaders.secret]: this.options.internalSecret,
      [internalHeaders.sessionEpoch]: String(candidate.sessionEpoch),
      [internalHeaders.isStream]: isStream ? '1' : '0',
      [internalHeaders.isLastCandidate]: isLast ? '1' : '0',
      ...(givesWay && { [internalHeaders.givesWay]: '1' }),
      [internalHeaders.buyer]: request.buyerMark,
    };
  }
}

/** Brokers are our own, and lie inside. */
function wayOf(candidate: Candidate): EgressWay {
  if (candidate.kind === 'session') return 'inside';
  return candidate.isOfOperator === true ? 'operator' : 'others';
}

type Content = ReturnType<UpstreamBody['open']>;

function isWhole(content: Content): content is string | Uint8Array {
  return typeof content === 'string' || content instanceof Uint8Array;
}

/** As a stream its pieces would be gathered and copied on their way. */
function toBody(content: Content | null): string | Uint8Array | Readable | null {
  if (content === null || isWhole(content)) return content;
  // undici reads whatever can be iterated over, a piece when there is room for it; its types know streams only.
  return content as unknown as Readable;
}

/** What the endpoint's path is appended to; a session is reached at the broker that holds its socket. */
function baseOf(candidate: Candidate): string {
  if (candidate.kind === 'http') return candidate.url;
  return new URL(`${internalPaths.brokerSession(candidate.sessionId)}/v1`, candidate.brokerUrl)
    .href;
}

function fileHeadersOf(headers: IncomingHttpHeaders) {
  const contentLength = headerOf(headers['content-length']);
  const contentRange = headerOf(headers['content-range']);
  const disposition = headerOf(headers['content-disposition']);
  return {
    ...(contentLength !== undefined && { contentLength }),
    ...(contentRange !== undefined && { contentRange }),
    ...(disposition !== undefined && { disposition }),
  };
}

export function retryHeadersOf(headers: IncomingHttpHeaders): RetryHeaders {
  return {
    retryAfter: headerOf(headers['retry-after']),
    retryAfterMs: headerOf(headers['retry-after-ms']),
    rateLimitReset: headerOf(headers['x-ratelimit-reset']),
    rateLimitRemaining: headerOf(headers['x-ratelimit-remaining']),
    rateLimitResetRequests: headerOf(headers['x-ratelimit-reset-requests']),
    rateLimitRemainingRequests: headerOf(headers['x-ratelimit-remaining-requests']),
    rateLimitResetTokens: headerOf(headers['x-ratelimit-reset-tokens']),
    rateLimitRemainingTokens: headerOf(headers['x-ratelimit-remaining-tokens']),
  };
}

function headerOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** What is left behind an answer is a few bytes that end it; whoever sends more gets no more reading. */
const restBytesMax = 65_536;
const restMsMax = 1_000;

function dismiss(body: Readable): void {
  if (body.readableEnded || body.destroyed) return;
  const timer = setTimeout(() => body.destroy(), restMsMax);
  let restBytes = 0;
  body.on('close', () => clearTimeout(timer));
  // It may also break, now that nobody is interested in it any more.
  body.on('error', () => undefined);
  body.on('data', (chunk: Uint8Array) => {
    restBytes += chunk.length;
    if (restBytes > restBytesMax) body.destroy();
  });
}

function cancel(body: Readable): void {
  body.on('error', () => undefined);
  body.destroy();
}

export async function* translated(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw brokenBy(error);
  }
}

export function brokenBy(error: unknown): UpstreamBroken {
  if (error instanceof EgressRefused) return new UpstreamBroken('egress_refused', { cause: error });
  const isTimeout =
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError ||
    error instanceof DeadlinePassed;
  return new UpstreamBroken(isTimeout ? 'timeout' : 'unreachable', { cause: error });
}
