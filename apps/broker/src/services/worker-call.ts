import {
  type Answer,
  type Relay,
  type ReportedMetrics,
  type RequestLife,
  stepRequest,
  type WorkHead,
  type WorkPayload,
} from '@aisbf/broker-protocol';
import type { Fault } from '@aisbf/faults';
import { brokerFaults, toFault } from '../domain/broker-faults.js';
import { type CallOutcome, type OutcomeType, outcomeOfStatus } from '../domain/call-outcome.js';
import { StreamGauge } from '../domain/stream-gauge.js';
import type { ReplySink } from './reply-sink.js';

/** One request as its caller gives it. */
export type CallRequest = Readonly<{
  /** The caller's id; what the worker sees is made from it and is used once. */
  requestId: string;
  op: WorkHead['op'];
  method: string;
  path: string;
  payload: WorkPayload;
  isStream: boolean;
  /** Whoever it is for, by an opaque name: the worker never sees it. */
  buyer: string;
  /** The model it is about, where that is known and counts. */
  model: string | undefined;
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
  /** It has told something about the worker. */
  onOutcome: (outcome: CallOutcome) => void;
  nowMs: () => number;
}>;

/** One request at one worker: what it answers goes to the sink, and what it fails to answer is noticed. */
export class WorkerCall {
  private life: RequestLife = { name: 'dispatched' };
  private sink: ReplySink | undefined;
  private timer: NodeJS.Timeout | undefined;
  private begunAtMs = 0;
  private heardAtMs = 0;
  private readonly gauge = new StreamGauge();
  private claims: ReportedMetrics | undefined;
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

  take(answer: Answer, nowMs: number, claims?: ReportedMetrics): void {
    this.heardAtMs = nowMs;
    this.claims = claims ?? this.claims;
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
    // What was never sent says nothing of the worker.
    this.finishBy(fault, this.begunAtMs > 0 ? 'failed' : undefined);
  }

  /** Nothing more will be heard of it. */
  discard(): void {
    this.stopTimer();
    this.life = { name: 'done' };
  }

  private pass(step: Relay): void {
    switch (step.type) {
      case 'whole':
        this.gauge.begin(this.heardAtMs);
        this.finish(
          (sink) => sink.whole(step.reply),
          `http_${step.reply.status}`,
          outcomeOfStatus(step.reply.status),
        );
        break;
      case 'stream-start':
        this.sink?.start(step.contentType);
        break;
      case 'bytes':
        this.passBytes(step.bytes);
        break;
      case 'stream-end':
        this.finish((sink) => sink.end(), 'streamed', 'served');
        break;
      case 'failed':
        this.failBy(toFault(step.failure));
        break;
    }
  }

  /** The protocol cannot make a worker wait, so a reader that stays behind is let go. */
  private passBytes(bytes: Buffer): void {
    const { sink } = this;
    this.gauge.take(bytes, this.heardAtMs);
    if (!sink) return;
    if (sink.backlogBytes <= this.limits.backlogBytesMax) {
      sink.bytes(bytes);
      return;
    }
    const fault = brokerFaults.READER_TOO_SLOW({ bytesMax: this.limits.backlogBytesMax });
    this.finishBy(fault, undefined);
    this.watcher.onUnwanted(this);
  }

  /** By the worker's own word. */
  private failBy(fault: Fault): void {
    const isUnsupported = fault.code === brokerFaults.WORKER_ENDPOINT_UNSUPPORTED().code;
    // Chat is what every worker serves: that it could not do it once is a failure like any other.
    const isUnserved = isUnsupported && this.request.op === 'proxy';
    this.finishBy(fault, isUnserved ? 'unserved' : 'failed');
  }

  private finishBy(fault: Fault, outcome: OutcomeType | undefined): void {
    this.finish((sink) => sink.fail(fault), fault.code, outcome);
  }

  private finish(
    tell: (sink: ReplySink) => void,
    result: string,
    outcome: OutcomeType | undefined,
  ): void {
    const { sink } = this;
    if (!sink) return;
    this.sink = undefined;
    this.watcher.onResult(result);
    if (outcome) this.watcher.onOutcome(this.outcomeOf(outcome));
    tell(sink);
  }

  private outcomeOf(type: OutcomeType): CallOutcome {
    const { begunAtMs, claims } = this;
    return {
      type,
      path: this.request.path,
      model: this.request.model,
      begunAtMs,
      figures: {
        isServed: type === 'served',
        ...this.gauge.figures(begunAtMs, this.heardAtMs),
        claimedElapsedMs: claims?.elapsedMs ?? null,
        claimedTokensPerSecond: claims?.tokensPerSecond ?? null,
      },
    };
  }

  private arm(waitMs: number): void {
    this.stopTimer();
    this.timer = setTimeout(() => this.onTimer(), waitMs);
  }

  private onTimer(): void {
    if (this.isImpatient && this.life.name === 'dispatched') {
      this.isImpatient = false;
      this.finishBy(brokerFaults.WORKER_UNRESPONSIVE(), 'failed');
      this.watcher.onUnwanted(this);
      if (this.isOver) return;
    }
    const restMs = this.limits.silenceMs - (this.watcher.nowMs() - this.heardAtMs);
    if (restMs > 0) {
      this.arm(restMs);
      return;
    }
    this.finishBy(brokerFaults.WORKER_SILENT(), 'failed');
    this.discard();
    this.watcher.onSilent(this);
  }

  private stopTimer(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
