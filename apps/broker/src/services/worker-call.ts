import {
  type Answer,
  type Relay,
  type RequestLife,
  stepRequest,
  type WorkHead,
} from '@aisbf/broker-protocol';
import type { Fault } from '@aisbf/faults';
import { brokerFaults, toFault } from '../domain/broker-faults.js';
import type { ReplySink } from './reply-sink.js';

/** One request as its caller gives it. */
export type CallRequest = Readonly<{
  /** The caller's id; what the worker sees is made from it and is used once. */
  requestId: string;
  op: WorkHead['op'];
  method: string;
  path: string;
  /** JSON text. */
  payload: Buffer;
  isStream: boolean;
  /** There is nobody else to try, so the worker is waited for as long as it may yet answer. */
  isLastCandidate: boolean;
}>;

export type CallLimits = Readonly<{
  pendingWaitMs: number;
  silenceMs: number;
  unwantedMsMax: number;
  backlogBytesMax: number;
}>;

/** Told how a call goes on after it was sent. */
export type CallWatcher = Readonly<{
  /** Nobody reads the answer any more, though the worker may still be at work. */
  onUnwanted: (call: WorkerCall) => void;
  /** The worker has been silent for so long that the call is given up. */
  onSilent: (call: WorkerCall) => void;
  onResult: (result: string) => void;
  nowMs: () => number;
}>;

/** One request at one worker: what it answers goes to the sink, and what it fails to answer is noticed. */
export class WorkerCall {
  private life: RequestLife = { name: 'dispatched' };
  private sink: ReplySink | undefined;
  private timer: NodeJS.Timeout | undefined;
  private begunAtMs = 0;
  private heardAtMs = 0;
  private isImpatient = false;

  constructor(
    readonly workerRequestId: string,
    readonly request: CallRequest,
    sink: ReplySink,
    private readonly limits: CallLimits,
    private readonly watcher: CallWatcher,
  ) {
    this.sink = sink;
  }

  /** The worker has said its last word. */
  get isOver(): boolean {
    return this.life.name === 'done';
  }

  get isWanted(): boolean {
    return this.sink !== undefined;
  }

  /** While it waits for room at the worker. */
  queue(waitMs: number, onExpired: () => void): void {
    this.timer = setTimeout(onExpired, waitMs);
  }

  /** It was sent. `sendsPending`: this worker acknowledges at once, so its silence soon says something. */
  begin(nowMs: number, sendsPending: boolean): void {
    this.begunAtMs = nowMs;
    this.heardAtMs = nowMs;
    this.isImpatient = sendsPending && !this.request.isLastCandidate;
    this.arm(this.isImpatient ? this.limits.pendingWaitMs : this.limits.silenceMs);
  }

  take(answer: Answer, nowMs: number): void {
    this.heardAtMs = nowMs;
    const { life, relay } = stepRequest(this.life, answer);
    this.life = life;
    for (const step of relay) this.pass(step);
    const isLost = !this.isWanted && nowMs - this.begunAtMs > this.limits.unwantedMsMax;
    if (this.isOver || isLost) this.discard();
  }

  /** The caller has left. */
  abandon(): void {
    if (!this.sink) return;
    this.sink = undefined;
    this.watcher.onResult('abandoned');
    this.watcher.onUnwanted(this);
  }

  fail(fault: Fault): void {
    this.stopTimer();
    this.finishBy(fault);
  }

  /** Nothing more will be heard of it. */
  discard(): void {
    this.stopTimer();
    this.life = { name: 'done' };
  }

  private pass(step: Relay): void {
    switch (step.type) {
      case 'whole':
        this.finish((sink) => sink.whole(step.reply), `http_${step.reply.status}`);
        break;
      case 'stream-start':
        this.sink?.start(step.contentType);
        break;
      case 'bytes':
        this.passBytes(step.bytes);
        break;
      case 'stream-end':
        this.finish((sink) => sink.end(), 'streamed');
        break;
      case 'failed':
        this.finishBy(toFault(step.failure));
        break;
    }
  }

  /** The protocol cannot make a worker wait, so a reader that stays behind is let go. */
  private passBytes(bytes: Buffer): void {
    const { sink } = this;
    if (!sink) return;
    if (sink.backlogBytes <= this.limits.backlogBytesMax) {
      sink.bytes(bytes);
      return;
    }
    this.finishBy(brokerFaults.READER_TOO_SLOW({ bytesMax: this.limits.backlogBytesMax }));
    this.watcher.onUnwanted(this);
  }

  private finishBy(fault: Fault): void {
    this.finish((sink) => sink.fail(fault), fault.code);
  }

  private finish(tell: (sink: ReplySink) => void, result: string): void {
    const { sink } = this;
    if (!sink) return;
    this.sink = undefined;
    this.watcher.onResult(result);
    tell(sink);
  }

  private arm(waitMs: number): void {
    this.stopTimer();
    this.timer = setTimeout(() => this.onTimer(), waitMs);
  }

  private onTimer(): void {
    if (this.isImpatient && this.life.name === 'dispatched') {
      this.isImpatient = false;
      this.finishBy(brokerFaults.WORKER_UNRESPONSIVE());
      this.watcher.onUnwanted(this);
      if (this.isOver) return;
    }
    const restMs = this.limits.silenceMs - (this.watcher.nowMs() - this.heardAtMs);
    if (restMs > 0) {
      this.arm(restMs);
      return;
    }
    this.finishBy(brokerFaults.WORKER_SILENT());
    this.discard();
    this.watcher.onSilent(this);
  }

  private stopTimer(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
