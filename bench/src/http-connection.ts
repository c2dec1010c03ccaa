import { connect, type Socket } from 'node:net';
import { type Answer, AnswerReader, type OnBody } from './answer-reader.js';

export type Address = Readonly<{ host: string; port: number }>;

/** Longer than any answer here takes; a target that hangs must not hang the measurement. */
const answerMsMax = 30_000;

/**
 * One kept connection that carries one request at a time. Requests are bytes made beforehand, and answers
 * are only counted, so that on few cores the generator takes little from what it measures.
 */
export class HttpConnection {
  #socket: Socket | undefined;
  #reader = new AnswerReader();
  #answered: PromiseWithResolvers<Answer> | undefined;

  constructor(private readonly address: Address) {}

  async open(): Promise<void> {
    if (this.#socket !== undefined) return;
    const socket = connect(this.address);
    socket.setNoDelay(true);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once('connect', resolve);
    socket.once('error', reject);
    await promise;
    socket.setTimeout(answerMsMax, () => socket.destroy(new Error('No answer came in time.')));
    socket.on('data', (bytes) => this.#read(bytes));
    // A connection that breaks while nothing runs on it is opened again with the next request.
    socket.on('error', (error) => this.#break(error));
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
      this.#break(new Error('The connection was closed before the answer was whole.'));
    });
    this.#socket = socket;
  }

  /** Resolves with the answer's last byte; `onBody` sees the body on its way. */
  async send(request: Buffer, onBody?: OnBody): Promise<Answer> {
    if (this.#answered !== undefined) throw new Error('A request is running on this connection.');
    if (this.#socket === undefined) await this.open();
    this.#reader = new AnswerReader(onBody);
    this.#answered = Promise.withResolvers<Answer>();
    this.#socket?.write(request);
    return this.#answered.promise;
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #read(bytes: Buffer): void {
    try {
      this.#reader.push(bytes);
    } catch (error) {
      this.#socket?.destroy();
      this.#break(error);
      return;
    }
    if (!this.#reader.isComplete) return;
    if (!this.#reader.staysOpen) this.close();
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.resolve(this.#reader.answer);
  }

  #break(error: unknown): void {
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.reject(error);
  }
}
