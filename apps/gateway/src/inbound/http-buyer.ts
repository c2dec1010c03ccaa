import type { ServerResponse } from 'node:http';
import type { Fault } from '@aisbf/faults';
import type { Telling } from '@aisbf/openai';
import { type AnswerHead, Buyer } from '../services/buyer.js';
import { bodyOf } from './openai-error.js';

/** The buyer behind an HTTP response. */
export class HttpBuyer extends Buyer {
  private readonly leaving = new AbortController();
  readonly left: AbortSignal = this.leaving.signal;
  /** Something waits for the buyer to read. */
  private isWaiting = false;

  constructor(
    private readonly response: ServerResponse,
    private readonly requestId: string,
    /** Under which names its API tells the id. */
    private readonly idHeaders: readonly string[] = ['x-request-id'],
  ) {
    super();
    response.on('close', () => {
      if (!response.writableFinished) this.leaving.abort();
    });
  }

  answer(head: AnswerHead, status: number, contentType: string, body: Uint8Array): boolean {
    if (this.left.aborted) return false;
    this.response.writeHead(status, {
      ...answerHeaders(head, this.requestId, this.idHeaders),
      'content-type': contentType || 'application/json',
      'content-length': body.length,
    });
    this.response.end(body);
    return true;
  }

  beginStream(head: AnswerHead): void {
    this.response.writeHead(200, {
      ...answerHeaders(head, this.requestId, this.idHeaders),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      // A proxy that gathers a stream before it passes it on makes it none.
      'x-accel-buffering': 'no',
    });
  }

  beginBytes(head: AnswerHead, contentType: string): void {
    this.response.writeHead(200, {
      ...answerHeaders(head, this.requestId, this.idHeaders),
      'content-type': contentType || 'application/octet-stream',
      'x-accel-buffering': 'no',
    });
  }

  async write(bytes: Uint8Array, onLeft: () => void): Promise<void> {
    this.left.throwIfAborted();
    const hasRoom = this.response.write(bytes, (error) => {
      if (!error) onLeft();
    });
    if (hasRoom) return;
    const drained = Promise.withResolvers<void>();
    const onGone = () => drained.reject(this.left.reason);
    this.response.once('drain', drained.resolve);
    this.left.addEventListener('abort', onGone, { once: true });
    this.isWaiting = true;
    try {
      await drained.promise;
    } finally {
      this.isWaiting = false;
      this.response.off('drain', drained.resolve);
      this.left.removeEventListener('abort', onGone);
    }
  }

  endStream(): Promise<boolean> {
    this.isWaiting = true;
    return new Promise((resolve) => {
      this.left.addEventListener('abort', () => resolve(false), { once: true });
      this.response.end(() => resolve(true));
      if (this.left.aborted) resolve(false);
    });
  }

  expire(): void {
    if (!this.isWaiting) return;
    this.leaving.abort();
    this.response.destroy();
  }

  breakStream(fault: Fault, eventOf: Telling['failed']): void {
    this.response.write(eventOf(bodyOf(fault)), () => this.response.destroy());
  }

  breakBytes(): void {
    this.response.destroy();
  }
}

/** What an answer says of itself, and by which names its API tells the id. */
export function answerHeaders(
  { provider, attempts, route, fallbackFrom, replayOf }: AnswerHead,
  requestId: string,
  idHeaders: readonly string[],
): Record<string, string> {
  return {
    ...Object.fromEntries(idHeaders.map((name) => [name, replayOf ?? requestId])),
    ...(replayOf !== undefined && { 'idempotent-replayed': 'true' }),
    'x-aisbf-provider': provider,
    'x-aisbf-attempts': String(attempts),
    ...(route !== undefined && { 'x-aisbf-route': route }),
    ...(fallbackFrom !== undefined && { 'x-aisbf-fallback-from': fallbackFrom }),
  };
}
