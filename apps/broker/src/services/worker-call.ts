import {
  type Answer,
  type Relay,
  type ReportedMetrics,
  type RequestLife,
  sizeOf,
  stepRequest,
  type WorkerFailure,
} from '@aisbf/broker-protocol';
import type { Fault } from '@aisbf/faults';
import { brokerFaults, toFault } from '../domain/broker-faults.js';
import { type CallOutcome, type OutcomeType, outcomeOfStatus } from '../domain/call-outcome.js';
import { ReaderPace } from '../domain/reader-pace.js';
import { StreamGauge } from '../domain/stream-gauge.js';
import type { CallRequest } from './call-request.js';
import type { ReplySink } from './reply-sink.js';

/** How a worker behaves, as far as one request at it is concerned. */
export type WorkerManners = Readonly<{
  /** It acknowledges at once, so its silence soon says something. */
  sendsPending: boolean;
  /** It waits for the reader, and wants to be told how far that is. */
  hasWindow: boolean;
}>;

export type CallLimits = Readonly<{
  pendingWaitMs: number;
  silenceMs: number;
  unwantedMsMax: number;
  backlogBytesMax: number;
  streamWindowBytes: number;
  readerStallMs: number;
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
  /** So much of the answer has been read. */
  onRead: (call: WorkerCall, readBytes: number) => void;
  nowMs: () => number;
}>;

/** Failures that the worker does not know of: it may go on, or wait for us. */
const wordless: ReadonlySet<WorkerFailure['reason']> = new Set([
  'answer_malformed',
  'sequence_broken',
]);

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
  private status = 200;
  private pace = new ReaderPace(undefined);
  private toldAtMs = 0;
  private isBroken = false;
  private isDelivered = false;

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

  /** It is over because of what the worker said, though the worker may not know that. */
  get isBrokenOff(): boolean {
    return this.isBroken;
  }

  /** What its reader has not taken yet. */
  get backlogBytes(): number {
    return this.sink?.backlogBytes ?? 0;
  }

  get isWanted(): boolean {
    return this.sink !== undefined;
  }

  /** While it waits for room at the worker. */
  queue(waitMs: number, onExpired: () => void): void {
    this.timer = setTimeout(onExpired, waitMs);
  }

  /** It is on its way, which may be long. */
  begin(nowMs: number, { sendsPending, hasWindow }: WorkerManners): void {
    this.begunAtMs = nowMs;
    this.heardAtMs = nowMs;
    this.isImpatient = sendsPending && !this.request.isLastCandidate;
    this.pace = new ReaderPace(hasWindow ? this.limits.streamWindowBytes : undefined);
    this.sink?.watch(this.limits.readerStallMs, () => this.onIdleReader());
    this.arm(this.limits.silenceMs);
  }

  /** The worker has got the last of it: from now on its silence says something. */
  delivered(nowMs: number): void {
    this.isDelivered = true;
    if (this.isOver) return;
    this.heardAtMs = Math.max(this.heardAtMs, nowMs);
    this.arm(this.isImpatient ? this.limits.pendingWaitMs : this.limits.silenceMs);
  }

  take(answer: Answer, nowMs: number, claims?: ReportedMetrics): void {
    this.heardAtMs = nowMs;
    this.claims = claims ?? this.claims;
    const { life, relay } = stepRequest(this.life, answer);
    this.life = life;
    for (const step of relay) this.pass(step);
    if ('chunks' in answer && !this.isOver) this.tell(this.pace.arrive(sizeOf(answer.chunks)));
    const isLost = !this.isWanted && nowMs - this.begunAtMs > this.limits.unwantedMsMax;
    if (this.isOver || isLost) this.discard();
  }

  /** The caller has left. */
  abandon(): void {
    if (!this.sink) return;
    this.dismiss();
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
        this.status = step.head?.status ?? 200;
        this.sink?.start(step.contentType, step.head);
        break;
      case 'bytes':
        this.passBytes(step.bytes);
        break;
      case 'stream-end':
        this.finish((sink) => sink.end(), 'streamed', outcomeOfStatus(this.status));
        break;
      case 'failed':
        this.isBroken = wordless.has(step.failure.reason);
        this.failBy(toFault(step.failure));
        break;
    }
  }

  /** Most workers cannot be made to wait, so a reader that stays behind is let go. */
  private passBytes(bytes: Buffer): void {
    const { sink } = this;
    this.gauge.take(bytes, this.heardAtMs);
    if (!sink) return;
    if (sink.backlogBytes <= this.limits.backlogBytesMax) {
      this.pace.give(bytes.length);
      sink.bytes(bytes, () => this.onTaken(bytes.length));
      return;
    }
    this.giveUp(brokerFaults.READER_TOO_SLOW({ bytesMax: this.limits.backlogBytesMax }));
  }

  private onTaken(bytes: number): void {
    if (this.isWanted) this.tell(this.pace.take(bytes));
  }

  private tell(readBytes: number | undefined): void {
    if (readBytes === undefined) return;
    this.toldAtMs = this.watcher.nowMs();
    this.watcher.onRead(this, readBytes);
  }

  private onIdleReader(): void {
    if (!this.isWanted || !this.pace.isBehind) return;
    this.giveUp(brokerFaults.READER_STALLED({ stallMs: this.limits.readerStallMs }));
  }

  /** It is the reader's fault, and says nothing of the worker. */
  private giveUp(fault: Fault): void {
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
    this.dismiss();
    this.watcher.onResult(result);
    if (outcome) this.watcher.onOutcome(this.outcomeOf(outcome));
    tell(sink);
  }

  private dismiss(): void {
    this.sink = undefined;
    if (!this.isOver) this.tell(this.pace.letGo());
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
    if (this.isImpatient && this.isDelivered && this.life.name === 'dispatched') {
      this.isImpatient = false;
      this.finishBy(brokerFaults.WORKER_UNRESPONSIVE(), 'failed');
      this.watcher.onUnwanted(this);
      if (this.isOver) return;
    }
    const restMs = this.speechLeftMs();
    if (restMs > 0) {
      this.arm(restMs);
      return;
    }
    this.finishBy(brokerFaults.WORKER_SILENT(), 'failed');
    this.discard();
    this.watcher.onSilent(this);
  }

  /** How long it may yet be silent. While it waits for the reader, or has not been asked yet, it may be so for ever. */
  private speechLeftMs(): number {
    if (this.pace.holdsWorker || !this.isDelivered) return this.limits.silenceMs;
    const sinceMs = Math.max(this.heardAtMs, this.toldAtMs);
    return this.limits.silenceMs - (this.watcher.nowMs() - sinceMs);
  }

  private stopTimer(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
