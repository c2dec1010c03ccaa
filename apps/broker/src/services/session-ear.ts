import {
  type FrameFromWorker,
  mergeHardware,
  type ReportedRegistration,
  readBinaryFromWorker,
  readFrameFromWorker,
  type UnreadableReason,
} from '@aisbf/broker-protocol';
import type { Clock } from '@aisbf/platform';
import type { BrokerLimits } from '../config.js';
import type { WorkerIdentity } from '../domain/worker-identity.js';
import { usesBinaryFrames, type WorkerProfile } from '../domain/worker-profile.js';
import type { BrokerEvents } from '../events.js';
import type { SessionPulse } from './session-pulse.js';
import type { SessionVoice } from './session-voice.js';
import type { WorkerSocket } from './worker-socket.js';

/** What all sessions share, and every part of one may need. */
export type SessionTools = Readonly<{ clock: Clock; limits: BrokerLimits; events: BrokerEvents }>;

export type AnswerFrame = Extract<FrameFromWorker, { type: 'answer' }>;

/** What the ear needs of its session, and whom it tells what it has understood. */
export type EarLine = Readonly<{
  subject: Readonly<{ id: string; epoch: number; identity: WorkerIdentity }>;
  profile: () => WorkerProfile;
  /** Something was asked of the worker and is not answered yet. */
  isAsked: () => boolean;
  isOwnToken: (token: string) => boolean;
  onRegistered: (registration: ReportedRegistration) => void;
  /** `load`: only figures have changed that may be a little late. */
  onLearnt: (news: Partial<WorkerProfile>, what: 'state' | 'load') => void;
  /** False where the answer is for nobody. */
  onAnswer: (frame: AnswerFrame) => boolean;
  onUnbearable: (reason: 'flooding' | 'unreadable_frames', detail: string | null) => void;
}>;

export type EarParts = Readonly<{ socket: WorkerSocket; voice: SessionVoice; pulse: SessionPulse }>;

/** Everything that a session hears from its worker, and what it means. */
export class SessionEar {
  constructor(
    private readonly line: EarLine,
    private readonly parts: EarParts,
    private readonly tools: SessionTools,
  ) {}

  onText(frame: string | Buffer): void {
    if (this.isUnasked(frame.length)) this.onUnreadable('unasked');
    else this.onFrame(readFrameFromWorker(frame));
  }

  onBinary(message: Buffer): void {
    if (!usesBinaryFrames(this.line.profile())) this.onUnreadable('binary');
    else if (this.isUnasked(message.length)) this.onUnreadable('unasked');
    else this.onFrame(readBinaryFromWorker(message));
  }

  private isUnasked(length: number): boolean {
    return length > this.tools.limits.session.frameBytesUnaskedMax && !this.line.isAsked();
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
    if (registrationToken !== null && !this.line.isOwnToken(registrationToken)) {
      this.tools.events.registerRefused(this.line.subject);
      this.parts.voice.registerRefused(requestId);
      return;
    }
    this.parts.voice.registered(requestId);
    this.line.onRegistered(registration);
  }

  private onAnswer(frame: AnswerFrame): void {
    if (frame.answer.type === 'pending' && !this.line.profile().sendsPending) {
      this.line.onLearnt({ sendsPending: true, isModern: true }, 'state');
    }
    if (!this.line.onAnswer(frame)) this.tools.events.answerLate();
  }

  private onHeartbeat(requestId: string | null, hardware: unknown): void {
    this.parts.voice.heartbeatReply(requestId);
    if (!this.line.profile().isModern) this.line.onLearnt({ isModern: true }, 'state');
    this.onHardware(hardware);
  }

  private onHardware(report: unknown): void {
    if (report === undefined) return;
    const known = this.line.profile().hardware;
    const hardware = mergeHardware(known, report);
    // Ten thousand idle machines would otherwise be told of hundreds of times a second.
    if (hardware !== known) this.line.onLearnt({ hardware }, 'load');
  }

  /** Whoever asks without end would fill our memory with answers. */
  private isBearable(): boolean {
    const isFlooding = this.parts.pulse.isControlOnceMore(this.tools.clock.nowMs());
    if (isFlooding) this.line.onUnbearable('flooding', null);
    return !isFlooding;
  }

  private onUnreadable(reason: UnreadableReason): void {
    this.tools.events.frameUnreadable(this.line.subject, reason);
    const isTooMany = this.parts.pulse.isUnreadableOnceMore(this.tools.clock.nowMs());
    if (isTooMany) this.line.onUnbearable('unreadable_frames', null);
  }
}
