import { type RawData, WebSocket } from 'ws';

export type WsFrameLimits = Readonly<{
  /** With so much that nobody has taken, the peer is not read any more. */
  untakenBytesMax: number;
  /** With so much that has not left, whoever writes waits. */
  unsentBytesMax: number;
  pingMs: number;
  /** A peer of whom nothing is heard for so long is gone. */
  silenceMs: number;
}>;

/** How the other end has gone. 1006 is without a word. */
export type Closing = Readonly<{
  code: number;
  cause?: 'too_large' | 'unreadable' | 'silent';
}>;

/** How long a peer may take to answer our closing before its connection is destroyed. */
const closeWaitMs = 2_000;

/** A WebSocket as two streams of text: who reads slowly slows down who writes, on both sides. */
export class WsFrames {
  private readonly waiting: string[] = [];
  private waitingBytes = 0;
  private wake = Promise.withResolvers<void>();
  private room = Promise.withResolvers<void>();
  private closed: Closing | undefined;
  private cause: Closing['cause'];
  private heardAtMs = performance.now();
  private readonly pulse: NodeJS.Timeout;

  constructor(
    private readonly socket: WebSocket,
    private readonly limits: WsFrameLimits,
  ) {
    this.pulse = setInterval(() => this.feel(), limits.pingMs);
    socket.on('message', (data) => this.take(textOf(data)));
    socket.on('ping', () => this.hear());
    socket.on('pong', () => this.hear());
    socket.on('error', (error: Error & { code?: string }) => {
      if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') this.cause = 'too_large';
      else if (error.code?.startsWith('WS_ERR_')) this.cause = 'unreadable';
    });
    socket.on('close', (code) => this.onClose(code));
  }

  /** Undefined while it is open. */
  get closing(): Closing | undefined {
    return this.closed;
  }

  /** All frames that come, and after the last of them nothing. To be read once. */
  async *frames(): AsyncIterable<string> {
    for (;;) {
      const frame = this.waiting.shift();
      if (frame !== undefined) {
        this.waitingBytes -= Buffer.byteLength(frame);
        if (this.socket.isPaused && this.waitingBytes <= this.limits.untakenBytesMax) {
          this.hear();
          this.socket.resume();
        }
        yield frame;
      } else if (this.closed) {
        return;
      } else {
        await this.wake.promise;
        this.wake = Promise.withResolvers<void>();
      }
    }
  }

  /** Waits while the peer reads more slowly than is written. Says when the frame has left; to who has gone it goes nowhere. */
  async send(text: string, onLeft: () => void = () => undefined): Promise<void> {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    this.socket.send(text, (error) => {
      if (!error) onLeft();
      if (this.hasRoom) this.makeRoom();
    });
    while (!this.hasRoom) await this.room.promise;
  }

  close(code: number | undefined, reason: string): void {
    if (this.closed) return;
    // A peer that is not read cannot be heard closing.
    if (this.socket.isPaused) this.socket.resume();
    this.socket.close(code, reason);
    setTimeout(() => this.socket.terminate(), closeWaitMs).unref();
  }

  private get hasRoom(): boolean {
    return this.closed !== undefined || this.socket.bufferedAmount <= this.limits.unsentBytesMax;
  }

  private makeRoom(): void {
    this.room.resolve();
    this.room = Promise.withResolvers<void>();
  }

  private take(text: string): void {
    this.hear();
    if (this.closed) return;
    this.waiting.push(text);
    this.waitingBytes += Buffer.byteLength(text);
    if (this.waitingBytes > this.limits.untakenBytesMax) this.socket.pause();
    this.wake.resolve();
  }

  private hear(): void {
    this.heardAtMs = performance.now();
  }

  private feel(): void {
    // Who is not read cannot be heard.
    if (this.socket.isPaused) return;
    if (performance.now() - this.heardAtMs > this.limits.silenceMs) {
      this.cause = 'silent';
      this.socket.terminate();
    } else if (this.socket.readyState === WebSocket.OPEN) {
      this.socket.ping();
    }
  }

  private onClose(code: number): void {
    clearInterval(this.pulse);
    this.closed = { code, ...(this.cause && { cause: this.cause }) };
    this.wake.resolve();
    this.makeRoom();
  }
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return Buffer.isBuffer(data) ? data.toString() : Buffer.from(data).toString();
}
