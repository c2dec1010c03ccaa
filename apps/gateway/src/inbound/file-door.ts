import { Readable } from 'node:stream';
import { Metrics } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { faults } from '../domain/faults.js';
import type { UpstreamAnswer } from '../services/upstream.js';

export class FileLimits {
  constructor(
    readonly filesMax: number,
    readonly bytesMax: number,
  ) {}
}

type Headers = Readonly<Record<string, string>>;

/** Gives files out that lie with whoever made them, as they come. */
@Injectable()
export class FileDoor {
  private running = 0;

  constructor(
    private readonly limits: FileLimits,
    metrics: Metrics,
  ) {
    metrics.gauge('files_running', 'Files under way to buyers.', () => this.running);
  }

  /** `fetch` is given a signal that ends with the buyer's connection. */
  async serve(
    reply: FastifyReply,
    fetch: (signal: AbortSignal) => Promise<UpstreamAnswer>,
    headersOf: (answer: UpstreamAnswer) => Headers,
  ): Promise<FastifyReply> {
    if (this.running >= this.limits.filesMax) throw faults.OVERLOADED();
    this.running += 1;
    const left = new AbortController();
    let answer: UpstreamAnswer | undefined;
    reply.raw.once('close', () => {
      this.running -= 1;
      left.abort();
      answer?.dismiss();
    });
    answer = await fetch(left.signal);
    const { contentLength, contentRange, status, body } = answer;
    if (Number(contentLength ?? 0) > this.limits.bytesMax) throw faults.FILE_TOO_LARGE();
    reply.status(status).headers({
      ...headersOf(answer),
      ...(contentLength !== undefined && { 'content-length': contentLength }),
      ...(contentRange !== undefined && { 'content-range': contentRange }),
    });
    return reply.send(Readable.from(this.limited(body), { objectMode: false }));
  }

  /** What is larger than it may be is broken off. */
  private async *limited(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    let size = 0;
    for await (const chunk of body) {
      size += chunk.length;
      if (size > this.limits.bytesMax) throw faults.FILE_TOO_LARGE();
      yield chunk;
    }
  }
}

const rangeShape = /^bytes=\d{0,15}-\d{0,15}$/;

/** One part of a file; whoever wants several gets all of it. */
export function rangeOf({ headers }: FastifyRequest): Readonly<{ range?: string }> {
  const { range } = headers;
  return range !== undefined && rangeShape.test(range) ? { range } : {};
}
