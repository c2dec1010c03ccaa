import { WebSocket } from 'ws';
import { WorkerSocket } from '../services/worker-socket.js';

/** How long a peer may take to answer our closing before its socket is destroyed. */
const closeWaitMs = 2_000;

/** A worker's socket as `ws` has it. Once it is closing, whatever is still said to it goes nowhere. */
export class WsWorkerSocket extends WorkerSocket {
  constructor(private readonly socket: WebSocket) {
    super();
  }

  override get backlogBytes(): number {
    return this.socket.bufferedAmount;
  }

  override send(frame: string | Buffer): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(frame, { binary: false });
  }

  override sendBinary(message: Buffer): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(message, { binary: true });
  }

  override ping(): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.ping();
  }

  override close(code: number, reason: string): void {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    this.socket.close(code, reason);
    setTimeout(() => this.socket.terminate(), closeWaitMs).unref();
  }
}
