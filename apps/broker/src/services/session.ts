import { createHash, timingSafeEqual } from 'node:crypto';
import {
  type CloseReason,
  type ReportedRegistration,
  type SessionEvent,
  type SessionState,
  stepSession,
} from '@aisbf/broker-protocol';
import type { SessionPresence } from '@aisbf/contracts';
import type { Fault } from '@aisbf/faults';
import { brokerFaults } from '../domain/broker-faults.js';
import { Outflow } from '../domain/outflow.js';
import { sessionPresence } from '../domain/session-presence.js';
import type { WorkerIdentity } from '../domain/worker-identity.js';
import {
  frameBytesMax,
  inFlightMax,
  knows,
  strangeWorker,
  usesStreamWindow,
  type WorkerProfile,
  withRegistration,
} from '../domain/worker-profile.js';
import type { CallRequest } from './call-request.js';
import type { ReplySink } from './reply-sink.js';
import { type AnswerFrame, SessionEar, type SessionTools } from './session-ear.js';
import { SessionMeasure } from './session-measure.js';
import { SessionPulse } from './session-pulse.js';
import { oversize, SessionVoice } from './session-voice.js';
import { SessionWork, type WorkLine } from './session-work.js';
import type { WorkerCall } from './worker-call.js';
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

/** One worker's connection: its life, what is known of the worker, and the requests that it serves. */
export class Session {
  readonly connectedAtMs: number;
  private state: SessionState;
  private profile: WorkerProfile = strangeWorker;
  private readonly pulse: SessionPulse;
  private readonly outflow: Outflow;
  private readonly voice: SessionVoice;
  private readonly ear: SessionEar;
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
    this.outflow = new Outflow(tools.limits.outflow);
    socket.onProgress = () => this.onTaken();
    this.voice = new SessionVoice(birth, socket, tools.clock, tools.limits.session);
    this.ear = this.createEar();
    this.measure = new SessionMeasure(tools.limits.session.inFlightDefault);
    this.work = new SessionWork(this.workLine(), tools.limits.call);
    this.inquiry = new WorkerInquiry({
      ask: (request, sink) => this.work.addFirst(request, sink),
      onModels: (models) => this.learn({ models }, 'state'),
      onCapabilities: (capabilities) => this.learn({ capabilities }, 'state'),
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

  /** What its readers have not taken yet. */
  get readerBacklogBytes(): number {
    return this.work.readerBacklogBytes;
  }

  get isBusy(): boolean {
    return this.work.inFlight + this.work.queued > 0;
  }

  /** The first frame of all: the oldest clients wait for it, today's take it as their answer. */
  greet(): void {
    this.voice.registered(null);
  }

  /** A large frame is best given as it came, as bytes. */
  onText(frame: string | Buffer): void {
    if (this.state.name === 'closed') return;
    this.onHeard();
    this.ear.onText(frame);
  }

  onBinary(message: Buffer): void {
    if (this.state.name === 'closed') return;
    this.onHeard();
    this.ear.onBinary(message);
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
    const { backlogBytes } = this.socket;
    if (this.outflow.hasStalled(backlogBytes, nowMs)) {
      this.end('not_reading', `${backlogBytes} bytes wait`);
    } else this.work.pump();
  }

  /** The network has taken a piece of something large: whoever reads is there, and may have room. */
  private onTaken(): void {
    if (this.state.name === 'closed') return;
    this.outflow.onTaken(this.tools.clock.nowMs());
    this.onHeard();
    this.work.pump();
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

  private createEar(): SessionEar {
    const { socket, voice, pulse } = this;
    const line = {
      subject: this,
      profile: () => this.profile,
      isAsked: () => this.work.inFlight > 0,
      isOwnToken: (token: string) => timingSafeEqual(hashToken(token), this.birth.tokenHash),
      onRegistered: (registration: ReportedRegistration) => this.onRegistered(registration),
      onLearnt: (news: Partial<WorkerProfile>, what: 'state' | 'load') => this.learn(news, what),
      onAnswer: (frame: AnswerFrame) =>
        this.work.take(frame.requestId, frame.answer, frame.metrics),
      onUnbearable: (reason: CloseReason, detail: string | null) => this.end(reason, detail),
    };
    return new SessionEar(line, { socket, voice, pulse }, this.tools);
  }

  private workLine(): WorkLine {
    return {
      isOpen: () => this.state.name === 'serving' || this.state.name === 'draining',
      isFull: () => this.outflow.isFull(this.socket.backlogBytes),
      inFlightMax: () => this.inFlightMax,
      sendsPending: () => this.profile.sendsPending,
      hasWindow: () => usesStreamWindow(this.profile),
      send: (call, onRead) => this.voice.work(call, this.profile, onRead),
      cancel: (call) => this.cancel(call),
      tellRead: (call, readBytes) => this.voice.window(call, readBytes),
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
    const tooLarge = oversize(payload, this.profile, this.frameBytesMax);
    return tooLarge && brokerFaults.PAYLOAD_TOO_LARGE_FOR_WORKER(tooLarge);
  }

  private onRegistered(registration: ReportedRegistration): void {
    this.measure.forgetUnserved();
    this.learn(withRegistration(this.profile, registration), 'state');
    this.step({ type: 'register-accepted' });
    this.tools.events.sessionRegistered(this, this.profile.capabilities?.server ?? null);
    this.inquiry.start(!registration.capabilities);
  }

  /** There may be more room for work after it, unless only figures have changed. */
  private learn(news: Partial<WorkerProfile>, what: 'state' | 'load'): void {
    this.profile = { ...this.profile, ...news };
    if (what === 'state') this.work.pump();
    this.host.onChanged(this, what);
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
