import { errorFrame, type WorkerError, type WorkFrame } from '@aisbf/broker-protocol';
import type { Log } from '../log.js';
import type { RequestOutcome, StatusBoard } from '../status.js';
import { UpstreamFailure } from '../upstream/upstream.js';
import { type Engine, findOperation, type Operation } from './operation.js';
import { type FrameSink, Reply, type ReplyPace } from './reply.js';
import type { Seats } from './seats.js';
import { ReaderStalled } from './send-window.js';

export type DeskOptions = Readonly<{
  engine: Engine;
  sink: FrameSink;
  pace: ReplyPace;
  seats: Seats;
  board: StatusBoard;
  log: Log;
}>;

/** Looks into memory are cheap, but a broker that asks without end must not fill it. */
const requestsMax = 4_096;

/** Takes the requests of one session: runs them side by side, within the limit, and can stop each. */
export class Desk {
  readonly #options: DeskOptions;
  readonly #running = new Map<string, Readonly<{ abort: AbortController; reply: Reply }>>();
  #busy = 0;
  #isDraining = false;
  #onIdle: (() => void) | undefined;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** How many requests of buyers are being served. */
  get busy(): number {
    return this.#busy;
  }

  /** Never throws: whatever goes wrong is the answer to this request and to no other. */
  take(work: WorkFrame): void {
    const { sink, pace, engine, board } = this.#options;
    const operation = findOperation(work.op);
    const refusal = this.#refusal(work, operation);
    if (operation === undefined || refusal !== undefined) {
      this.refuse(work.requestId, refusal);
      return;
    }
    const abort = new AbortController();
    const countTokens = (count: number): void => board.tokensCame(count, Date.now());
    const reply = new Reply(work.requestId, sink, pace, countTokens);
    abort.signal.addEventListener('abort', () => reply.abandon());
    this.#running.set(work.requestId, { abort, reply });
    if (operation.isWork) this.#begin();
    void operation
      .run(engine, work, reply, abort.signal)
      .catch((error: unknown) => this.#fail(error, reply, abort.signal))
      .finally(() => this.#leave(work, operation, reply, abort.signal));
  }

  #begin(): void {
    this.#busy += 1;
    this.#options.seats.take();
    this.#options.board.requestBegun();
  }

  /** Nobody waits for this answer any more: the engine is stopped, and its place is free. */
  cancel(requestId: string): void {
    const running = this.#running.get(requestId);
    if (running === undefined) return;
    running.abort.abort();
    const message = 'The request was cancelled.';
    this.refuse(requestId, { code: 'cancelled', message, status: 499 });
  }

  /** The reader of that request's stream has come so far. */
  read(requestId: string, bytes: number): void {
    this.#running.get(requestId)?.reply.read(bytes);
  }

  /** The session is gone, and with it everybody who waited. */
  abortAll(): void {
    for (const { abort } of this.#running.values()) abort.abort();
  }

  /** Takes no new work, and resolves when the last one is answered. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    if (this.#busy === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Answers without having done anything. */
  refuse(requestId: string, error: WorkerError = unsupported): void {
    this.#options.sink.send(errorFrame(requestId, error, { elapsed_ms: 0 }));
  }

  #refusal(work: WorkFrame, operation: Operation | undefined): WorkerError | undefined {
    if (operation === undefined) return unsupported;
    if (this.#running.has(work.requestId)) {
      const message = 'A request with this id is being served.';
      return { code: 'duplicate_request', message, status: 409 };
    }
    if (operation.isWork && this.#isDraining) {
      return { code: 'worker_draining', message: 'The worker is stopping.', status: 503 };
    }
    const isFull = operation.isWork && this.#options.seats.isFull;
    if (isFull || this.#running.size >= requestsMax) {
      return { code: 'server_busy', message: 'Server busy', status: 503 };
    }
    return undefined;
  }

  #fail(error: unknown, reply: Reply, signal: AbortSignal): void {
    if (signal.aborted) return;
    const { log, engine } = this.#options;
    if (error instanceof UpstreamFailure) {
      const code = reply.pieces > 0 ? 'stream_error' : error.code;
      reply.error({ code, message: error.message, status: error.status });
      log.warn({ request: reply.requestId, reason: describe(error.cause) }, 'upstream failed');
      void engine.models.refresh();
      return;
    }
    if (error instanceof ReaderStalled) {
      reply.error({ code: 'stream_error', message: 'The answer was not read.', status: 504 });
      log.warn({ request: reply.requestId }, 'market did not read an answer');
      return;
    }
    reply.error({ code: 'worker_error', message: 'The worker failed.', status: 500 });
    log.error(
      { request: reply.requestId, reason: describe(error) },
      'request failed in the worker',
    );
  }

  #leave(work: WorkFrame, operation: Operation, reply: Reply, signal: AbortSignal): void {
    this.#running.delete(work.requestId);
    if (!operation.isWork) return;
    const { seats, board } = this.#options;
    this.#busy -= 1;
    seats.leave();
    const { requestId: request, op } = work;
    const outcome = signal.aborted ? 'cancelled' : reply.outcome;
    board.requestEnded(outcomeOf(outcome));
    const facts = {
      request,
      op,
      ms: reply.elapsedMs,
      tokens: reply.tokens,
      outcome,
      busy: seats.taken,
    };
    if (outcome === 'upstream_refuses_worker') {
      this.#options.log.warn({ ...facts, next: 'check --upstream-api-key' }, 'request ended');
    } else {
      this.#options.log.info(facts, 'request ended');
    }
    if (this.#busy === 0) this.#onIdle?.();
  }
}

const unsupported: WorkerError = {
  code: 'unsupported_operation',
  message: 'This worker does not know that operation.',
  status: 501,
};

function outcomeOf(outcome: string): RequestOutcome {
  if (outcome === 'cancelled') return 'cancelled';
  return outcome === 'streamed' || /^[1-3]\d\d$/.test(outcome) ? 'served' : 'failed';
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
