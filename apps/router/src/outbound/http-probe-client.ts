import { internalHeaders, internalPaths } from '@aisbf/contracts';
import { type EgressAgents, EgressRefused, type EgressWay } from '@aisbf/egress';
import type { OnApplicationShutdown } from '@nestjs/common';
import { type Dispatcher, errors } from 'undici';
import { readListedModels } from '../domain/listed-models.js';
import { ProbeStream } from '../domain/probe-stream.js';
import {
  failed,
  headVerdict,
  isWell,
  type ProbeVerdict,
  unclear,
} from '../domain/probe-verdict.js';
import { type ProbeAnswer, ProbeClient, type ProbeQuestion } from '../services/probe-client.js';

export type HttpProbeOptions = Readonly<{
  internalSecret: string;
  /** At most so much of an answer is read. */
  bodyBytesMax: number;
  agents: EgressAgents;
}>;

type Response = Dispatcher.ResponseData;
type Read = Pick<ProbeAnswer, 'verdict' | 'firstMs' | 'listed'>;

const nothingMore: Read = { verdict: isWell, firstMs: null };
/** Longer than anybody means: a day. */
const retryAfterMsMax = 86_400_000;

/** The request took longer than it may. */
class TimeUp extends Error {
  override readonly name = 'TimeUp';
}

/** Probes hosted APIs, and workers at their brokers. Redirections are not followed: they would carry the credential away. */
export class HttpProbeClient extends ProbeClient implements OnApplicationShutdown {
  constructor(private readonly options: HttpProbeOptions) {
    super();
  }

  async ask(question: ProbeQuestion): Promise<ProbeAnswer> {
    const timer = new AbortController();
    const timeout = setTimeout(() => timer.abort(new TimeUp()), question.totalMs);
    try {
      return await this.exchange(question, AbortSignal.any([question.signal, timer.signal]));
    } catch (error) {
      if (question.signal.aborted) throw error;
      const verdict = verdictOf(error, question, timer.signal.aborted);
      return { verdict, retryAfterMs: null, firstMs: null };
    } finally {
      clearTimeout(timeout);
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.options.agents.destroy();
  }

  private async exchange(question: ProbeQuestion, signal: AbortSignal): Promise<ProbeAnswer> {
    const { door, model } = question;
    const sentAtMs = performance.now();
    const url = new URL(baseOf(question));
    const response = await this.options.agents.for(wayOf(door)).request({
      origin: url.origin,
      path: `${url.pathname.replace(/\/$/, '')}/${model === null ? 'models' : 'chat/completions'}${url.search}`,
      method: model === null ? 'GET' : 'POST',
      headers: this.headersFor(question),
      body: model === null ? null : completionBody(model, question.outputTokens),
      signal,
      // The whole of it has a limit already.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const kind = model === null ? 'models' : 'completion';
    const fault = door.kind === 'session' ? headerOf(response, internalHeaders.fault) : undefined;
    const refusal = headVerdict(kind, response.statusCode, fault);
    try {
      const read = refusal
        ? { ...nothingMore, verdict: refusal }
        : await (model === null ? this.readList(response) : readStream(response, sentAtMs));
      return { ...read, retryAfterMs: retryAfterMs(headerOf(response, 'retry-after')) };
    } finally {
      response.body.on('error', () => undefined);
      response.body.destroy();
    }
  }

  private headersFor({ door, model }: ProbeQuestion): Record<string, string> {
    const headers = {
      accept: model === null ? 'application/json' : 'text/event-stream',
      ...(model !== null && { 'content-type': 'application/json' }),
    };
    if (door.kind === 'http') return { ...headers, ...door.headers };
    return {
      ...headers,
      [internalHeaders.secret]: this.options.internalSecret,
      [internalHeaders.sessionEpoch]: String(door.present.session.epoch),
      [internalHeaders.isStream]: model === null ? '0' : '1',
      // It is this very worker that is asked: it is waited for while it warms up.
      [internalHeaders.isLastCandidate]: '1',
      [internalHeaders.isProbe]: '1',
    };
  }

  private async readList({ body }: Response): Promise<Read> {
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const part of body.iterator({ destroyOnReturn: false })) {
      parts.push(part as Buffer);
      bytes += (part as Buffer).length;
      if (bytes > this.options.bodyBytesMax) return { ...nothingMore, verdict: unclear('garbage') };
    }
    const listed = readListedModels(Buffer.concat(parts).toString());
    // That it cannot be read says nothing of requests.
    if (!listed) return { ...nothingMore, verdict: unclear('garbage') };
    return { ...nothingMore, listed };
  }
}

async function readStream(response: Response, sentAtMs: number): Promise<Read> {
  if (!headerOf(response, 'content-type')?.includes('text/event-stream')) {
    return { ...nothingMore, verdict: failed('garbage') };
  }
  const stream = new ProbeStream();
  let firstMs: number | null = null;
  const read = (verdict: ProbeVerdict): Read => {
    return { verdict, firstMs: verdict.outcome === 'well' ? firstMs : null };
  };
  for await (const chunk of response.body.iterator({ destroyOnReturn: false })) {
    firstMs ??= Math.round(performance.now() - sentAtMs);
    const verdict = stream.push(chunk as Uint8Array);
    if (verdict) return read(verdict);
  }
  return read(stream.end());
}

function wayOf(door: ProbeQuestion['door']): EgressWay {
  if (door.kind === 'session') return 'inside';
  return door.isOfOperator ? 'operator' : 'others';
}

function completionBody(model: string, outputTokens: number): string {
  const messages = [{ role: 'user', content: 'Say OK.' }];
  return JSON.stringify({ model, messages, max_tokens: outputTokens, stream: true });
}

function baseOf({ door }: ProbeQuestion): string {
  if (door.kind === 'http') return door.url;
  const { brokerUrl, session } = door.present;
  return new URL(`${internalPaths.brokerSession(session.sessionId)}/v1`, brokerUrl).href;
}

function headerOf({ headers }: Response, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function retryAfterMs(text: string | undefined): number | null {
  if (text === undefined || !/^\d{1,9}$/.test(text)) return null;
  return Math.min(Number(text) * 1_000, retryAfterMsMax);
}

/**
 * A broker that is away is not its worker's fault, and a worker that its broker has not given up as silent is at work on
 * the answer: it loads a model.
 */
function verdictOf(error: unknown, { door }: ProbeQuestion, isTimeUp: boolean): ProbeVerdict {
  if (door.kind === 'session') return unclear(isTimeUp ? 'warming_up' : 'session_gone');
  const isTimeout =
    isTimeUp ||
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError;
  if (error instanceof EgressRefused) return failed('egress_refused');
  return failed(isTimeout ? 'timeout' : 'unreachable');
}
