import {
  answerFrame,
  chunkFrame,
  doneFrame,
  errorFrame,
  type HttpAnswer,
  pendingFrame,
  type StreamPiece,
  type WorkerError,
  type WorkerFrame,
} from '@aisbf/broker-protocol';
import { TokenMeter } from './token-meter.js';

/** Where frames go. `writable` resolves when the other end has caught up, or is gone. */
export type FrameSink = Readonly<{
  send: (frame: WorkerFrame) => void;
  writable: () => Promise<void>;
}>;

export type ReplyPace = Readonly<{ pendingAfterMs: number; pendingEveryMs: number }>;

/**
 * The answer to one request: pieces of a stream or one whole answer, and exactly one end. While nothing
 * else is sent it says by itself that the request is pending.
 */
export class Reply {
  readonly #startedAtMs = performance.now();
  #sequence = 0;
  #outcome: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #meter = new TokenMeter();

  constructor(
    readonly requestId: string,
    private readonly sink: FrameSink,
    private readonly pace: ReplyPace,
    private readonly onTokens: (count: number) => void = () => {},
  ) {
    if (pace.pendingAfterMs === 0) this.#sendPending();
    else this.#schedulePending(pace.pendingAfterMs);
  }

  /** How many pieces of a stream were sent: after the first, only the end can tell of a failure. */
  get pieces(): number {
    return this.#sequence;
  }

  /** How it ended: the status of the engine, `streamed`, or the code of an error. */
  get outcome(): string {
    return this.#outcome ?? 'abandoned';
  }

  /** How many tokens the engine has made, as far as that can be seen. */
  get tokens(): number {
    return this.#meter.counted;
  }

  get elapsedMs(): number {
    return Math.round(performance.now() - this.#startedAtMs);
  }

  /** Sends a piece and waits until the socket can take more. */
  async piece(chunk: StreamPiece): Promise<void> {
    if (this.#outcome !== undefined) return;
    this.sink.send(chunkFrame(this.requestId, this.#sequence, chunk));
    this.#sequence += 1;
    if (typeof chunk === 'string') this.onTokens(this.#meter.read(chunk));
    this.#schedulePending(this.pace.pendingEveryMs);
    await this.sink.writable();
  }

  done(): void {
    this.#end('streamed', doneFrame(this.requestId, this.#metrics()));
  }

  answer(payload: HttpAnswer): void {
    if (this.#outcome === undefined && payload.body !== undefined) {
      this.onTokens(this.#meter.read(payload.body));
    }
    const frame = answerFrame(this.requestId, payload, this.#metrics());
    this.#end(String(payload.status_code), frame);
  }

  error(error: WorkerError): void {
    this.#end(error.code, errorFrame(this.requestId, error, this.#metrics()));
  }

  /** Says nothing more: nobody listens. */
  abandon(): void {
    this.#outcome ??= 'abandoned';
    clearTimeout(this.#timer);
  }

  #end(outcome: string, frame: WorkerFrame): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    clearTimeout(this.#timer);
    this.sink.send(frame);
  }

  #metrics(): { elapsed_ms: number } {
    return { elapsed_ms: this.elapsedMs };
  }

  #sendPending(): void {
    this.sink.send(pendingFrame(this.requestId));
    this.#schedulePending(this.pace.pendingEveryMs);
  }

  #schedulePending(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#sendPending(), delayMs);
  }
}
