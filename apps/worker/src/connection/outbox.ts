import {
  binaryWorkerFrame,
  errorFrame,
  type WorkerError,
  type WorkerFrame,
} from '@aisbf/broker-protocol';
import { WebSocket } from 'ws';
import type { FrameSink } from '../requests/reply.js';
import { plainTerms, type Terms } from '../requests/terms.js';

export type OutboxLimits = Readonly<{
  /** Unsent bytes from which on makers of frames wait. */
  bufferedBytesMax: number;
  /** The market drops whoever sends a larger frame, and with him all that he serves. */
  sentFrameBytesMax: number;
}>;

const tooLarge: WorkerError = {
  code: 'answer_too_large',
  message: 'The answer is larger than a message to the market may be.',
  status: 502,
};

/** Writes frames to a socket and lets their makers wait while it has too much to send. */
export class Outbox implements FrameSink {
  readonly #socket: WebSocket;
  readonly #bufferedBytesMax: number;
  #frameBytesMax: number;
  #largestBytes = 0;
  #terms = plainTerms;
  #waiting: (() => void)[] = [];

  constructor(socket: WebSocket, limits: OutboxLimits) {
    this.#socket = socket;
    this.#bufferedBytesMax = limits.bufferedBytesMax;
    this.#frameBytesMax = limits.sentFrameBytesMax;
  }

  /** The largest frame that was sent: if the market closes over a size, it is over this one. */
  get largestBytes(): number {
    return this.#largestBytes;
  }

  get terms(): Terms {
    return this.#terms;
  }

  get frameBytesMax(): number {
    return this.#frameBytesMax;
  }

  /** For requests that begin from now on. */
  agree(terms: Terms): void {
    this.#terms = terms;
  }

  /** The market says how much it takes. */
  limitFrames(bytesMax: number): void {
    this.#frameBytesMax = Math.min(this.#frameBytesMax, bytesMax);
  }

  readonly send = (frame: WorkerFrame, attachments: readonly Buffer[] = []): void => {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const isBinary = attachments.length > 0;
    const data = isBinary ? binaryWorkerFrame(frame, attachments) : JSON.stringify(frame);
    const bytes = Buffer.byteLength(data);
    if (bytes > this.#frameBytesMax) {
      this.send(errorFrame(String(frame.request_id), tooLarge, { elapsed_ms: 0 }));
      return;
    }
    this.#largestBytes = Math.max(this.#largestBytes, bytes);
    // A failed write is followed by the socket's end, which is where it is dealt with.
    this.#socket.send(data, { binary: isBinary }, () => this.#wake());
  };

  readonly writable = (): Promise<void> => {
    if (this.#hasRoom()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  };

  /** The socket is gone: nobody has to wait for it any longer. */
  close(): void {
    this.#releaseAll();
  }

  #hasRoom(): boolean {
    const isOpen = this.#socket.readyState === WebSocket.OPEN;
    return !isOpen || this.#socket.bufferedAmount <= this.#bufferedBytesMax;
  }

  #wake(): void {
    if (this.#waiting.length > 0 && this.#hasRoom()) this.#releaseAll();
  }

  #releaseAll(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }
}
