import type { Answer, ReportedMetrics } from '@aisbf/broker-protocol';
import type { Fault } from '@aisbf/faults';
import { brokerFaults } from '../domain/broker-faults.js';
import type { CallOutcome } from '../domain/call-outcome.js';
import { FairQueue } from '../domain/fair-queue.js';
import type { CallRequest } from './call-request.js';
import type { ReplySink } from './reply-sink.js';
import { type CallLimits, WorkerCall } from './worker-call.js';

/** What the work needs of its session. */
export type WorkLine = Readonly<{
  /** Takes new work now. */
  isOpen: () => boolean;
  /** Too much of what it was given is still on its way. */
  isFull: () => boolean;
  inFlightMax: () => number;
  sendsPending: () => boolean;
  /** The worker waits for the readers of its streams. */
  hasWindow: () => boolean;
  /** Tells when the worker has got all of it. */
  send: (call: WorkerCall, onRead: () => void) => void;
  /** Asks the worker to stop; false where it does not know how. */
  cancel: (call: WorkerCall) => boolean;
  /** Tells the worker how much of a stream has been read. */
  tellRead: (call: WorkerCall, readBytes: number) => void;
  onLoadChanged: () => void;
  onResult: (result: string) => void;
  onOutcome: (outcome: CallOutcome) => void;
  nowMs: () => number;
}>;

export type WorkLimits = CallLimits & Readonly<{ queueMax: number; queueWaitMs: number }>;

/** The requests of one session: those at the worker, and those that wait for room there. */
export class SessionWork {
  private readonly sent = new Map<string, WorkerCall>();
  /** Our own questions. */
  private readonly questions: WorkerCall[] = [];
  private readonly queue: FairQueue<WorkerCall>;
  private callsMade = 0;

  constructor(
    private readonly line: WorkLine,
    private readonly limits: WorkLimits,
  ) {
    this.queue = new FairQueue(limits.queueMax);
  }

  get inFlight(): number {
    return this.sent.size;
  }

  get readerBacklogBytes(): number {
    let total = 0;
    for (const call of this.sent.values()) total += call.backlogBytes;
    return total;
  }

  get queued(): number {
    return this.questions.length + this.queue.size;
  }

  /** Sends the request, or lets it wait for room. The answer, or why there is none, goes to the sink. */
  add(request: CallRequest, sink: ReplySink): WorkerCall {
    const call = this.create(request, sink);
    if (this.hasRoom && this.queued === 0) this.begin(call);
    else if (request.givesWay) call.fail(brokerFaults.WORKER_BUSY({ queued: this.queued }));
    else this.enqueue(call);
    return call;
  }

  /** Our own questions go before everything that waits. */
  addFirst(request: CallRequest, sink: ReplySink): void {
    const call = this.create(request, sink);
    if (this.hasRoom) this.begin(call);
    else this.questions.push(call);
  }

  /** False where the answer is for nobody: its request is over, or was never asked of this worker. */
  take(requestId: string, answer: Answer, claims?: ReportedMetrics): boolean {
    const call = this.sent.get(requestId);
    if (!call) return false;
    call.take(answer, this.line.nowMs(), claims);
    if (!call.isOver) return true;
    // It may not know that we have stopped listening, and would wait for a reader that is not there.
    if (call.isBrokenOff) this.line.cancel(call);
    this.release(call);
    return true;
  }

  /** Sends what waits, as far as there is room. */
  pump(): void {
    while (this.hasRoom) {
      const call = this.questions.shift() ?? this.queue.next();
      if (!call) return;
      this.begin(call);
    }
  }

  /** Nothing will be answered any more. */
  failAll(fault: Fault): void {
    const calls = [...this.questions.splice(0), ...this.queue.clear(), ...this.sent.values()];
    this.sent.clear();
    for (const call of calls) call.fail(fault);
  }

  private get hasRoom(): boolean {
    const { line } = this;
    return line.isOpen() && this.sent.size < line.inFlightMax() && !line.isFull();
  }

  private create(request: CallRequest, sink: ReplySink): WorkerCall {
    this.callsMade += 1;
    return new WorkerCall(`${request.requestId}.${this.callsMade}`, request, sink, this.limits, {
      onUnwanted: (call) => this.onUnwanted(call),
      onSilent: (call) => {
        this.line.cancel(call);
        this.release(call);
      },
      onRead: this.line.tellRead,
      onResult: this.line.onResult,
      onOutcome: this.line.onOutcome,
      nowMs: this.line.nowMs,
    });
  }

  private begin(call: WorkerCall): void {
    this.sent.set(call.workerRequestId, call);
    const manners = {
      sendsPending: this.line.sendsPending(),
      hasWindow: this.line.hasWindow(),
    };
    call.begin(this.line.nowMs(), manners);
    this.line.send(call, () => call.delivered(this.line.nowMs()));
    this.line.onLoadChanged();
  }

  private enqueue(call: WorkerCall): void {
    call.queue(this.limits.queueWaitMs, () => {
      this.dequeue(call);
      call.fail(brokerFaults.WORKER_BUSY({ waitedMs: this.limits.queueWaitMs }));
    });
    const displaced = this.queue.add(call.request.buyer, call);
    displaced?.fail(brokerFaults.WORKER_BUSY({ queued: this.queued }));
    this.line.onLoadChanged();
  }

  private dequeue(call: WorkerCall): boolean {
    if (!this.queue.remove(call.request.buyer, call)) return false;
    this.line.onLoadChanged();
    return true;
  }

  /**
   * A worker that can be told to stop has room again at once. Any other goes on for nobody, and its place
   * stays taken until it has finished: whatever were sent in the meantime would only wait there.
   */
  private onUnwanted(call: WorkerCall): void {
    const isSent = this.sent.has(call.workerRequestId);
    if (isSent ? !this.line.cancel(call) : !this.dequeue(call)) return;
    call.discard();
    this.release(call);
  }

  private release(call: WorkerCall): void {
    if (!this.sent.delete(call.workerRequestId)) return;
    this.pump();
    this.line.onLoadChanged();
  }
}
