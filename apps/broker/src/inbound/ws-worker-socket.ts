import { WebSocket } from 'ws';
import { WorkerSocket } from '../services/worker-socket.js';

/** How long a peer may take to answer our closing before its socket is destroyed. */
const closeWaitMs = 2_000;

/**
 * A longer message goes in pieces, each when the network has taken the one before: between them pings have room, and by
 * them it shows whether the worker reads. Clients that name no limit of their own take no message that is as long.
 */
const pieceBytes = 1_048_576;

type Message = Readonly<{
  /** What is left of it. */
  pieces: Buffer[];
  binary: boolean;
  onRead: (() => void) | undefined;
}>;

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
    this.give([typeof frame === 'string' ? Buffer.from(frame) : frame], false, onRead);
  }

  override sendBinary(parts: readonly Buffer[], onRead?: () => void): void {
    this.give(parts, true, onRead);
  }

  override ping(): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.ping();
  }

  override close(code: number, reason: string): void {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    this.socket.close(code, reason);
    setTimeout(() => this.socket.terminate(), closeWaitMs).unref();
  }

  private give(parts: readonly Buffer[], binary: boolean, onRead: (() => void) | undefined): void {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (this.waiting.length === 0 && length <= pieceBytes) {
      this.socket.send(joined(parts), { binary });
      this.notice(onRead, this.unread.size > 0);
      return;
    }
    this.waiting.push({ pieces: parts.flatMap(inPieces), binary, onRead });
    this.waitingBytes += length;
    if (this.waiting.length === 1) this.goOn();
  }

  /** Sends the next piece of what waits longest. */
  private goOn(): void {
    const [message] = this.waiting;
    const piece = message?.pieces.shift();
    if (!message || !piece || this.socket.readyState !== WebSocket.OPEN) return;
    const { pieces, binary, onRead } = message;
    const fin = pieces.length === 0;
    this.waitingBytes -= piece.length;
    this.socket.send(piece, { binary, fin }, (error) => {
      // It is closing, and the session hears so.
      if (error) return;
      if (fin) {
        this.waiting.shift();
        this.notice(onRead, true);
      }
      this.goOn();
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

function joined(parts: readonly Buffer[]): Buffer {
  const [first] = parts;
  return first && parts.length === 1 ? first : Buffer.concat(parts);
}

/** Parts of the part itself, not copies. */
function inPieces(part: Buffer): Buffer[] {
  const count = Math.max(1, Math.ceil(part.length / pieceBytes));
  return Array.from({ length: count }, (_, index) =>
    part.subarray(index * pieceBytes, (index + 1) * pieceBytes),
  );
}
