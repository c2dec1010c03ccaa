import { WebSocket } from 'ws';
import { WorkerSocket } from '../services/worker-socket.js';

/** How long a peer may take to answer our closing before its socket is destroyed. */
const closeWaitMs = 2_000;

/**
 * A longer message goes in pieces, each when the network has taken the one before: between them pings have room, and by
 * them it shows whether the worker reads. Clients that name no limit of their own take no message that is as long.
 */
const pieceBytes = 1_048_576;

type Message = Readonly<{ bytes: Buffer; binary: boolean; onRead: (() => void) | undefined }>;

/** A worker's socket as `ws` has it. Once it is closing, whatever is still said to it goes nowhere. */
export class WsWorkerSocket extends WorkerSocket {
  /** A long message, and all that comes after it. */
  private readonly waiting: Message[] = [];
  private waitingBytes = 0;
  /** By the payload of the ping that follows a message: its pong comes when the message has been read. */
  private readonly unread = new Map<string, () => void>();
  private pingsMarked = 0;

  constructor(private readonly socket: WebSocket) {
    super();
    socket.on('pong', (payload) => this.onPong(payload.toString()));
  }

  override get backlogBytes(): number {
    return this.socket.bufferedAmount + this.waitingBytes;
  }

  override send(frame: string | Buffer, onRead?: () => void): void {
    this.give(frame, false, onRead);
  }

  override sendBinary(message: Buffer, onRead?: () => void): void {
    this.give(message, true, onRead);
  }

  override ping(): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.ping();
  }

  override close(code: number, reason: string): void {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    this.socket.close(code, reason);
    setTimeout(() => this.socket.terminate(), closeWaitMs).unref();
  }

  private give(data: string | Buffer, binary: boolean, onRead: (() => void) | undefined): void {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    if (this.waiting.length === 0 && data.length <= pieceBytes) {
      this.socket.send(data, { binary });
      this.notice(onRead, this.unread.size > 0);
      return;
    }
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    this.waiting.push({ bytes, binary, onRead });
    this.waitingBytes += bytes.length;
    if (this.waiting.length === 1) this.goOn(0);
  }

  /** Sends what waits longest, from here on. */
  private goOn(from: number): void {
    const [message] = this.waiting;
    if (!message || this.socket.readyState !== WebSocket.OPEN) return;
    const { bytes, binary, onRead } = message;
    const piece = bytes.subarray(from, from + pieceBytes);
    const end = from + piece.length;
    const fin = end === bytes.length;
    this.waitingBytes -= piece.length;
    this.socket.send(piece, { binary, fin }, (error) => {
      // It is closing, and the session hears so.
      if (error) return;
      if (fin) {
        this.waiting.shift();
        this.notice(onRead, true);
      }
      this.goOn(fin ? 0 : end);
      this.onProgress();
    });
  }

  /** What is short is as good as read, unless something long is before it: the system's own buffers are large. */
  private notice(onRead: (() => void) | undefined, isBehind: boolean): void {
    if (!onRead || !isBehind) {
      onRead?.();
      return;
    }
    this.pingsMarked += 1;
    const mark = String(this.pingsMarked);
    this.unread.set(mark, onRead);
    this.socket.ping(mark);
  }

  private onPong(mark: string): void {
    const onRead = this.unread.get(mark);
    this.unread.delete(mark);
    onRead?.();
  }
}
