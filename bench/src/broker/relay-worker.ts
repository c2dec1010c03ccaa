import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { doneFrame, pendingFrame } from '@aisbf/broker-protocol';
import { WebSocket } from 'ws';
import { frameHead, textFrame } from './client-frame.js';
import { streamEnd } from './stream-end.js';
import { ownAddress, type Peer, socketUrl, type WorkerClaim } from './worker-claim.js';
import { heartbeatAnswerText, modelsText, registerText } from './worker-words.js';

/** One request as it has reached the worker. */
export type Work = Readonly<{ requestId: string; frameBytes: number }>;

/** The head of a work frame has its ids; a body of megabytes behind it is not looked into. */
const headBytes = 1_024;

/**
 * A worker that answers requests with bytes made beforehand, so that on few cores it takes little from what it
 * measures: it writes frames to the connection below its WebSocket.
 */
export class RelayWorker {
  /** Called for each request. One at a time. */
  onWork: (work: Work) => void = () => undefined;
  /** As the broker names it; its number at the floor. */
  sessionId = '';
  readonly #wire: Socket;
  readonly #socket: WebSocket;
  readonly #ready = Promise.withResolvers<void>();

  private constructor(
    origin: string,
    private readonly peer: Peer,
    private readonly claim: WorkerClaim,
    private readonly index: number,
  ) {
    const url = socketUrl(origin, peer, claim, index);
    const port = Number(url.port);
    this.#wire = connect({ host: url.hostname, port, localAddress: ownAddress(index) });
    this.#wire.setNoDelay(true);
    this.#socket = new WebSocket(url, {
      perMessageDeflate: false,
      createConnection: () => this.#wire,
    });
    this.#socket.on('message', (data: Buffer) => this.#take(data));
    this.#socket.on('error', (error) => this.#ready.reject(error));
    this.#socket.on('close', () => this.#ready.reject(new Error('A worker was not let in.')));
  }

  /** Resolves when requests can be sent to it. */
  static async open(
    origin: string,
    peer: Peer,
    claim: WorkerClaim,
    index: number,
  ): Promise<RelayWorker> {
    const worker = new RelayWorker(origin, peer, claim, index);
    worker.#socket.once('open', () => worker.#introduce());
    await worker.#ready.promise;
    return worker;
  }

  /** Whole frames, as many as there are. */
  write(frames: Buffer): void {
    this.#wire.write(frames);
  }

  /** One frame in parts, so that a large one need not be put together. */
  writeParts(kind: 'text' | 'binary', parts: readonly Buffer[]): void {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    this.#wire.write(frameHead(kind, length));
    for (const part of parts) this.#wire.write(part);
  }

  /** How frames with these pieces of a stream look from here. One frame for each list of them. */
  chunkFrame({ requestId }: Work, pieces: readonly string[]): Buffer {
    const [only = ''] = pieces;
    if (this.peer === 'floor') return textFrame(pieces.join(''));
    const payload = pieces.length === 1 ? { chunk: only } : { chunks: pieces };
    return textFrame(
      JSON.stringify({ v: 1, event: 'chunk', status: 'ok', request_id: requestId, payload }),
    );
  }

  acknowledge({ requestId }: Work): void {
    if (this.peer === 'broker') this.write(textFrame(JSON.stringify(pendingFrame(requestId))));
  }

  endStream({ requestId }: Work): void {
    const end = JSON.stringify(doneFrame(requestId, { elapsed_ms: 1 }));
    this.write(textFrame(this.peer === 'broker' ? end : streamEnd.toString()));
  }

  async close(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = once(this.#socket, 'close');
    this.#socket.terminate();
    await closed;
  }

  #introduce(): void {
    if (this.peer === 'broker') {
      this.#socket.send(registerText(this.claim.registrationToken));
      return;
    }
    this.sessionId = String(this.index);
    this.#ready.resolve();
  }

  #take(data: Buffer): void {
    const work = { requestId: '', frameBytes: data.length };
    if (this.peer === 'floor') {
      this.onWork(work);
      return;
    }
    const head = data.toString('latin1', 0, headBytes);
    const requestId = /"request_id":"([^"]+)"/.exec(head)?.[1] ?? '';
    const op = /"op":"([^"]+)"/.exec(head)?.[1];
    this.sessionId = /"session_id":"([^"]+)"/.exec(head)?.[1] ?? this.sessionId;
    if (op === 'heartbeat') this.#socket.send(heartbeatAnswerText(requestId, 1));
    else if (op === 'models.list') {
      this.#socket.send(modelsText(requestId));
      this.#ready.resolve();
    } else if (op !== undefined) this.onWork({ ...work, requestId });
  }
}
