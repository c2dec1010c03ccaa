import { createHash, timingSafeEqual } from 'node:crypto';
import {
  type CloseReason,
  type FrameFromWorker,
  mergeHardware,
  type ReportedRegistration,
  readFrameFromWorker,
  type SessionEvent,
  type SessionState,
  stepSession,
  type UnreadableReason,
} from '@aisbf/broker-protocol';
import type { SessionPresence } from '@aisbf/contracts';
import type { Fault } from '@aisbf/faults';
import type { Clock } from '@aisbf/platform';
import type { BrokerLimits } from '../config.js';
import { brokerFaults } from '../domain/broker-faults.js';
import { sessionPresence } from '../domain/session-presence.js';
import type { WorkerIdentity } from '../domain/worker-identity.js';
import {
  frameBytesMax,
  inFlightMax,
  knows,
  strangeWorker,
  type WorkerProfile,
  withRegistration,
} from '../domain/worker-profile.js';
import type { BrokerEvents } from '../events.js';
import type { ReplySink } from './reply-sink.js';
import { SessionMeasure } from './session-measure.js';
import { SessionPulse } from './session-pulse.js';
import { SessionVoice } from './session-voice.js';
import { SessionWork, type WorkLine } from './session-work.js';
import type { CallRequest, WorkerCall } from './worker-call.js';
import { WorkerInquiry } from './worker-inquiry.js';
import type { WorkerSocket } from './worker-socket.js';

/** What a session is born with. */
export type SessionBirth = Readonly<{
  id: string;
  epoch: number;
  identity: WorkerIdentity;
  /** Of the registration token that the handshake was admitted with; the token itself is not kept. */
  tokenHash: Buffer;
  /** Spreads what is done at intervals: 0 to 1. */
  phase: number;
}>;

/** Who is told about a session. */
export type SessionHost = Readonly<{
  /** `load`: only figures have changed that may be a little late. */
  onChanged: (session: Session, what: 'state' | 'load') => void;
  onEnded: (session: Session, reason: CloseReason) => void;
}>;

export type SessionTools = Readonly<{ clock: Clock; limits: BrokerLimits; events: BrokerEvents }>;

type AnswerFrame = Extract<FrameFromWorker, { type: 'answer' }>;

/** Room for the envelope around a payload: its fields are ours and short. */
const envelopeBytesMax = 2_048;

/** One worker's connection: its life, what it says of itself, and the requests that it serves. */
export class Session {
  readonly connectedAtMs: number;
  private state: SessionState;
  private profile: WorkerProfile = strangeWorker;
  private readonly pulse: SessionPulse;
  private readonly voice: SessionVoice;
  private readonly work: SessionWork;
  private readonly measure: SessionMeasure;
  private readonly inquiry: WorkerInquiry;
  private hasFarewell = false;

  constructor(
    private readonly birth: SessionBirth,
    private readonly socket: WorkerSocket,
    private readonly host: SessionHost,
    private readonly tools: SessionTools,
  ) {
    const nowMs = tools.clock.nowMs();
    this.connectedAtMs = nowMs;
    this.state = { name: 'greeting', openedAtMs: nowMs };
    this.pulse = new SessionPulse(socket, tools.limits.session, nowMs, birth.phase);
    this.voice = new SessionVoice(
      birth,
      socket,
      tools.clock,
      tools.limits.session.registrationTtlMs,
    );
    this.measure = new SessionMeasure(tools.limits.session.inFlightDefault);
    this.work = new SessionWork(this.workLine(), tools.limits.call);
    this.inquiry = new WorkerInquiry({
      ask: (request, sink) => this.work.addFirst(request, sink),
      onModels: (models) => this.learn({ models }),
      onCapabilities: (capabilities) => this.learn({ capabilities }),
      onTrouble: (detail) => {
        if (this.state.name !== 'closed') tools.events.modelsUnreadable(this, detail);
      },
      nowMs: () => tools.clock.nowMs(),
    });
  }

  get id(): string {
    return this.birth.id;
  }

  get epoch(): number {
    return this.birth.epoch;
  }

  get identity(): WorkerIdentity {
    return this.birth.identity;
  }

  get inFlight(): number {
    return this.work.inFlight;
  }

  get isBusy(): boolean {
    return this.work.inFlight + this.work.queued > 0;
  }

  /** The first frame of all: the oldest clients wait for it, today's take it as their answer. */
  greet(): void {
    this.voice.registered(null);
  }

  onText(text: string): void {
    if (this.state.name === 'closed') return;
    this.onHeard();
    const isUnasked = text.length > this.tools.limits.session.frameBytesUnaskedMax;
    if (isUnasked && this.work.inFlight === 0) this.onUnreadable('unasked');
    else this.onFrame(readFrameFromWorker(text));
  }

  onBinary(): void {
    if (this.state.name === 'closed') return;
    this.onHeard();
    this.onUnreadable('binary');
  }

  /** A ping, a pong, or any frame. */
  onHeard(): void {
    this.pulse.heardAtMs = this.tools.clock.nowMs();
    if (this.state.name === 'suspect') this.step({ type: 'heard' });
  }

  onOversized(): void {
    this.tools.events.frameOversized(this, this.tools.limits.session.frameBytesInMax);
    this.end('oversized_frame');
  }

  /** About once a second. */
  visit(nowMs: number): void {
    this.step({ type: 'time-passed', nowMs, heardAtMs: this.pulse.heardAtMs });
    if (this.state.name === 'closed') return;
    const isRegistered = this.state.name !== 'greeting';
    this.pulse.visit(nowMs, isRegistered);
    if (isRegistered) this.inquiry.visit(nowMs);
  }

  /** Gives the request to the worker, now or when it has room. Why it cannot goes to the sink too. */
  call(request: CallRequest, sink: ReplySink): WorkerCall | undefined {
    const refusal = this.refusalOf(request);
    if (!refusal) return this.work.add(request, sink);
    this.tools.events.callEnded(refusal.code);
    sink.fail(refusal);
    return undefined;
  }

  drain(): void {
    this.step({ type: 'drain-begun' });
  }

  /** Told to connect elsewhere, and so allowed to be in two places until its work here has ended. */
  get isLeaving(): boolean {
    return this.hasFarewell;
  }

  /** Tells a worker that understands it to connect elsewhere now; the others learn it by their closing. */
  farewell(graceMs: number): void {
    if (this.hasFarewell || this.state.name !== 'draining' || !knows(this.profile, 'drain')) return;
    this.hasFarewell = true;
    this.voice.farewell(graceMs);
  }

  end(reason: CloseReason, detail: string | null = null): void {
    this.step({ type: 'ended', reason }, detail);
  }

  presence(): SessionPresence | undefined {
    return sessionPresence(this, this.state, this.profile, {
      frameBytesMax: this.frameBytesMax,
      inFlight: this.work.inFlight,
      inFlightMax: this.inFlightMax,
      queued: this.work.queued,
      measured: this.measure.together(),
    });
  }

  /** What its owner may see of it, beyond its presence. */
  description() {
    const { hardware, capabilities } = this.profile;
    const { heardAtMs } = this.pulse;
    const measured = this.measure.figures();
    return { state: this.state.name, heardAtMs, hardware, capabilities, measured };
  }

  private get frameBytesMax(): number {
    return frameBytesMax(this.profile, this.tools.limits.session);
  }

  private get inFlightMax(): number {
    return inFlightMax(this.profile, this.measure.inFlightMax);
  }

  private workLine(): WorkLine {
    return {
      isOpen: () => this.state.name === 'serving' || this.state.name === 'draining',
      inFlightMax: () => this.inFlightMax,
      sendsPending: () => this.profile.sendsPending,
      send: (call) => this.voice.work(call),
      cancel: (call) => this.cancel(call),
      onLoadChanged: () => this.host.onChanged(this, 'load'),
      onResult: (result) => this.tools.events.callEnded(result),
      onOutcome: (outcome) => this.measure.take(outcome, this.inFlight, this.tools.clock.nowMs()),
      nowMs: () => this.tools.clock.nowMs(),
    };
  }

  private cancel(call: WorkerCall): boolean {
    const isKnown = knows(this.profile, 'cancel');
    if (isKnown) this.voice.cancel(call);
    return isKnown;
  }

  private refusalOf({ payload, path }: CallRequest): Fault | undefined {
    const { name } = this.state;
    if (name === 'closed') return brokerFaults.SESSION_GONE();
    if (name === 'greeting') return brokerFaults.SESSION_NOT_READY();
    if (name === 'suspect') return brokerFaults.SESSION_SUSPECT();
    if (name === 'draining') return brokerFaults.SESSION_DRAINING();
    if (this.measure.isUnserved(path)) return brokerFaults.WORKER_ENDPOINT_UNSUPPORTED();
    const bytesMax = this.frameBytesMax - envelopeBytesMax;
    if (payload.length > bytesMax) {
      return brokerFaults.PAYLOAD_TOO_LARGE_FOR_WORKER({ bytes: payload.length, bytesMax });
    }
    const { backlogBytes } = this.socket;
    return backlogBytes > this.tools.limits.session.socketBacklogBytesMax
      ? brokerFaults.WORKER_BUSY({ backlogBytes })
      : undefined;
  }

  private onFrame(frame: FrameFromWorker): void {
    if (frame.type !== 'unreadable') this.tools.events.frameRead(frame.type);
    switch (frame.type) {
      case 'register':
        if (this.isBearable()) this.onRegister(frame.requestId, frame.registration);
        break;
      case 'heartbeat':
        if (this.isBearable()) this.onHeartbeat(frame.requestId, frame.hardware);
        break;
      case 'heartbeat-answer':
        this.onHardware(frame.hardware);
        break;
      case 'answer':
        this.onAnswer(frame);
        break;
      case 'foreign-op':
        break;
      case 'unreadable':
        this.onUnreadable(frame.reason);
        break;
    }
  }

  private onRegister(requestId: string | null, registration: ReportedRegistration): void {
    const { registrationToken } = registration;
    if (registrationToken !== null && !this.isOwnToken(registrationToken)) {
      this.tools.events.registerRefused(this);
      this.voice.registerRefused(requestId);
      return;
    }
    this.voice.registered(requestId);
    this.measure.forgetUnserved();
    this.learn(withRegistration(this.profile, registration));
    this.step({ type: 'register-accepted' });
    this.tools.events.sessionRegistered(this, this.profile.capabilities?.server ?? null);
    this.inquiry.start(!registration.capabilities);
  }

  private isOwnToken(token: string): boolean {
    return timingSafeEqual(hashToken(token), this.birth.tokenHash);
  }

  private onAnswer({ requestId, answer, metrics }: AnswerFrame): void {
    if (answer.type === 'pending' && !this.profile.sendsPending) {
      this.learn({ sendsPending: true, isModern: true });
    }
    if (!this.work.take(requestId, answer, metrics)) this.tools.events.answerLate();
  }

  /** Whoever asks without end, or does not read our answers, would fill our memory. */
  private isBearable(): boolean {
    const isFlooding = this.pulse.isControlOnceMore(this.tools.clock.nowMs());
    const { backlogBytes } = this.socket;
    const isReading = backlogBytes <= this.tools.limits.session.socketBacklogBytesMax;
    if (isFlooding) this.end('flooding');
    else if (!isReading) this.end('not_reading', `${backlogBytes} bytes wait`);
    return !isFlooding && isReading;
  }

  private onHeartbeat(requestId: string | null, hardware: unknown): void {
    this.voice.heartbeatReply(requestId);
    if (!this.profile.isModern) this.learn({ isModern: true });
    this.onHardware(hardware);
  }

  private onHardware(report: unknown): void {
    if (report === undefined) return;
    this.profile = { ...this.profile, hardware: mergeHardware(this.profile.hardware, report) };
    this.host.onChanged(this, 'load');
  }

  /** There may be more room for work after it. */
  private learn(news: Partial<WorkerProfile>): void {
    this.profile = { ...this.profile, ...news };
    this.work.pump();
    this.host.onChanged(this, 'state');
  }

  private onUnreadable(reason: UnreadableReason): void {
    this.tools.events.frameUnreadable(this, reason);
    const isTooMany = this.pulse.isUnreadableOnceMore(this.tools.clock.nowMs());
    if (isTooMany) this.end('unreadable_frames');
  }

  private step(event: SessionEvent, detail: string | null = null): void {
    const before = this.state;
    this.state = stepSession(before, event, this.tools.limits.session);
    if (this.state === before) return;
    if (this.state.name === 'closed') {
      this.finish(this.state, detail);
      return;
    }
    if (this.state.name === 'suspect') this.tools.events.sessionSuspect(this);
    this.work.pump();
    // That all of them drain is told by the broker's beat; each one's word for it may come a little later.
    this.host.onChanged(this, this.state.name === 'draining' ? 'load' : 'state');
  }

  private finish(end: Extract<SessionState, { name: 'closed' }>, detail: string | null): void {
    this.socket.close(end.code, end.reason);
    this.work.failAll(brokerFaults.WORKER_DISCONNECTED({ reason: end.reason }));
    this.tools.events.sessionClosed(this, end.reason, detail);
    this.host.onEnded(this, end.reason);
  }
}

export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
