import {
  answerFrame,
  chunkFrame,
  doneFrame,
  errorFrame,
  type HttpAnswer,
  type HttpHead,
  type PiecesHead,
  pendingFrame,
  type WorkerError,
  type WorkerFrame,
} from '@aisbf/broker-protocol';
import { SendWindow } from './send-window.js';
import type { Terms } from './terms.js';
import { TokenMeter } from './token-meter.js';

/** Where frames go. `writable` resolves when the other end has caught up, or is gone. */
export type FrameSink = Readonly<{
  /** With attachments it becomes a binary message, where the terms allow such. */
  send: (frame: WorkerFrame, attachments?: readonly Buffer[]) => void;
  writable: () => Promise<void>;
  terms: Terms;
  /** The largest frame that the other end takes. */
  frameBytesMax: number;
}>;

export type ReplyPace = Readonly<{
  pendingAfterMs: number;
  pendingEveryMs: number;
  /** How long a reader is waited for. */
  windowWaitMsMax: number;
}>;

/** A text that travels as bytes says how many tokens it has where every text does: at its end. */
const endBytes = 4_096;

function endOf(body: string | Buffer): string {
  return typeof body === 'string'
    ? body
    : body.toString('latin1', Math.max(0, body.length - endBytes));
}

/** A whole HTTP answer of the engine. */
export type WholeAnswer = HttpHead & Readonly<{ body: string | Buffer }>;

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
  readonly #terms: Terms;
  readonly #window: SendWindow;

  constructor(
    readonly requestId: string,
    private readonly sink: FrameSink,
    private readonly pace: ReplyPace,
    private readonly onTokens: (count: number) => void = () => {},
  ) {
    this.#terms = sink.terms;
    this.#window = new SendWindow(sink.terms.windowBytes, pace.windowWaitMsMax);
    if (pace.pendingAfterMs === 0) this.#sendPending();
    else this.#schedulePending(pace.pendingAfterMs);
  }

  /** How many pieces of a stream were sent: after the first, only the end can tell of a failure. */
  get pieces(): number {
    return this.#sequence;
  }

  /** The market takes bytes as they are, and in pieces also where it has asked for no stream. */
  get takesBytes(): boolean {
    return this.#terms.isBinary;
  }

  get frameBytesMax(): number {
    return this.sink.frameBytesMax;
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

  /** Sends a piece and waits until the socket, and the reader, can take more. The head is for bytes only. */
  async piece(content: string | Buffer, head?: PiecesHead): Promise<void> {
    if (this.#outcome !== undefined) return;
    this.#sendPiece(content, head);
    this.#sequence += 1;
    if (typeof content === 'string') this.onTokens(this.#meter.read(content));
    this.#window.sent(Buffer.byteLength(content));
    this.#schedulePending(this.pace.pendingEveryMs);
    await this.sink.writable();
    await this.#window.room();
  }

  /** The market has told how much of the pieces was read. */
  read(bytes: number): void {
    this.#window.read(bytes);
  }

  done(): void {
    this.#end('streamed', doneFrame(this.requestId, this.#metrics()));
  }

  answer({ body, ...head }: WholeAnswer): void {
    if (this.#outcome === undefined) this.onTokens(this.#meter.read(endOf(body)));
    const outcome = String(head.status_code);
    if (typeof body === 'string') this.#end(outcome, this.#whole({ ...head, body }));
    else if (this.#terms.isBinary) {
      this.#end(outcome, this.#whole({ ...head, body_attachment: 0 }), [body]);
    } else this.#end(outcome, this.#whole({ ...head, body_base64: body.toString('base64') }));
  }

  error(error: WorkerError): void {
    this.#end(error.code, errorFrame(this.requestId, error, this.#metrics()));
  }

  /** Says nothing more: nobody listens. */
  abandon(): void {
    this.#outcome ??= 'abandoned';
    clearTimeout(this.#timer);
    this.#window.close();
  }

  #sendPiece(content: string | Buffer, head: PiecesHead | undefined): void {
    const { requestId } = this;
    const number = this.#sequence;
    if (typeof content === 'string') this.sink.send(chunkFrame(requestId, number, content));
    else if (this.#terms.isBinary) {
      this.sink.send(chunkFrame(requestId, number, { data_attachment: 0 }, head), [content]);
    } else {
      const piece = { data_base64: content.toString('base64') };
      this.sink.send(chunkFrame(requestId, number, piece));
    }
  }

  #whole(answer: HttpAnswer): WorkerFrame {
    return answerFrame(this.requestId, answer, this.#metrics());
  }

  #end(outcome: string, frame: WorkerFrame, attachments?: readonly Buffer[]): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    clearTimeout(this.#timer);
    this.#window.close();
    this.sink.send(frame, attachments);
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
