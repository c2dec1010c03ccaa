import type { ServerResponse } from 'node:http';
import type { AnswerHead, Reply } from '@aisbf/broker-protocol';
import { internalHeaders } from '@aisbf/contracts';
import { type Fault, httpStatusByKind } from '@aisbf/faults';
import { ReplySink } from '../services/reply-sink.js';

/** The answer to one gateway's request, as any HTTP upstream would give it. */
export class HttpReply extends ReplySink {
  constructor(private readonly response: ServerResponse) {
    super();
    // A reader that has gone is noticed by its `close`; a write that raced with it must not be a crash.
    response.on('error', () => response.destroy());
  }

  override get backlogBytes(): number {
    return this.response.writableLength;
  }

  override whole(reply: Reply): void {
    const { filename, retryAfter, contentRange } = reply;
    this.response.writeHead(reply.status, {
      'content-type': reply.contentType,
      'content-length': reply.body.length,
      ...(retryAfter !== null && { 'retry-after': retryAfter }),
      ...(contentRange !== undefined && { 'content-range': contentRange }),
      ...(filename !== null && { 'content-disposition': attachment(filename) }),
    });
    this.response.end(reply.body);
  }

  override start(contentType: string, head?: AnswerHead): void {
    const { contentLength = null, filename = null, contentRange } = head ?? {};
    this.response.writeHead(head?.status ?? 200, {
      'content-type': contentType,
      'cache-control': 'no-store',
      ...(contentLength !== null && { 'content-length': contentLength }),
      ...(contentRange !== undefined && { 'content-range': contentRange }),
      ...(filename !== null && { 'content-disposition': attachment(filename) }),
    });
  }

  /** Taken is what the socket has written out: the reader's own buffers are not ours to fill without end. */
  override bytes(bytes: Buffer, onTaken: () => void): void {
    if (this.response.destroyed) return;
    this.response.write(bytes, (error) => {
      if (!error) onTaken();
    });
  }

  /** The socket's own timer, since it alone sees that a part of what was written has gone out. */
  override watch(idleMs: number, onIdle: () => void): void {
    this.response.setTimeout(idleMs, onIdle);
  }

  override end(): void {
    this.response.end();
  }

  /** After the first byte a clean end would be a lie, so the connection is broken off. */
  override fail(fault: Fault): void {
    if (this.response.headersSent) {
      this.cut();
      return;
    }
    const body = Buffer.from(JSON.stringify({ fault: fault.toData() }));
    this.response.writeHead(httpStatusByKind[fault.kind], {
      'content-type': 'application/json',
      'content-length': body.length,
      [internalHeaders.fault]: fault.code,
    });
    this.response.end(body);
  }

  /** What the reader has room for still goes out; the last piece that says "complete" does not. */
  private cut(): void {
    if (this.response.writableNeedDrain) this.response.destroy();
    else this.response.socket?.destroySoon();
  }
}

function attachment(filename: string): string {
  return `attachment; filename*=UTF-8''${encodeURIComponent(filename.toWellFormed())}`;
}
