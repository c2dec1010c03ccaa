import type { WorkerFrame } from '@aisbf/broker-protocol';
import { WebSocket } from 'ws';
import type { FrameSink } from '../requests/reply.js';

/** Writes frames to a socket and lets their makers wait while it has too much to send. */
export class Outbox implements FrameSink {
  readonly #socket: WebSocket;
  readonly #bytesMax: number;
  #waiting: (() => void)[] = [];

  constructor(socket: WebSocket, bytesMax: number) {
    this.#socket = socket;
    this.#bytesMax = bytesMax;
  }

  readonly send = (frame: WorkerFrame): void => {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    // A failed write is followed by the socket's end, which is where it is dealt with.
    this.#socket.send(JSON.stringify(frame), () => this.#wake());
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
    return !isOpen || this.#socket.bufferedAmount <= this.#bytesMax;
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
