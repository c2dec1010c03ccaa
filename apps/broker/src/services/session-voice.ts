import {
  type AttachedPayload,
  binaryWorkFrame,
  cancelFrame,
  drainFrame,
  heartbeatReplyFrame,
  registeredFrame,
  registerRefusedFrame,
  type WorkPayload,
  windowFrame,
  workFrame,
} from '@aisbf/broker-protocol';
import type { Clock } from '@aisbf/platform';
import type { WorkerIdentity } from '../domain/worker-identity.js';
import { usesBinaryFrames, type WorkerProfile } from '../domain/worker-profile.js';
import type { WorkerCall } from './worker-call.js';
import type { WorkerSocket } from './worker-socket.js';

/** What this broker can do beyond the plain protocol. */
export const brokerExtensions = [
  'cancel',
  'limits.max_frame_bytes',
  'drain',
  'binary-frames',
  'stream-window',
] as const;

type Speaker = Readonly<{ id: string; identity: WorkerIdentity }>;
type VoiceLimits = Readonly<{ registrationTtlMs: number; streamWindowBytes: number }>;

/** The form in which this worker gets a payload's bytes; undefined where that is base64, or there are none. */
function carriedBeside(payload: WorkPayload, profile: WorkerProfile): AttachedPayload | undefined {
  return usesBinaryFrames(profile) ? payload.attached : undefined;
}

/** Room for the envelope around a payload: its fields are ours and short. */
const envelopeBytesMax = 2_048;

/** By how much a payload is too large for this worker, in the form in which it would get it. */
export function oversize(
  payload: WorkPayload,
  profile: WorkerProfile,
  frameBytesMax: number,
): { readonly bytes: number; readonly bytesMax: number } | undefined {
  const { length: bytes } = carriedBeside(payload, profile) ?? payload;
  const bytesMax = frameBytesMax - envelopeBytesMax;
  return bytes > bytesMax ? { bytes, bytesMax } : undefined;
}

/** Everything that a session says to its worker, but for what keeps the connection alive. */
export class SessionVoice {
  constructor(
    private readonly speaker: Speaker,
    private readonly socket: WorkerSocket,
    private readonly clock: Clock,
    private readonly limits: VoiceLimits,
  ) {}

  registered(requestId: string | null): void {
    const { providerName, clientId, username, ownerId } = this.speaker.identity;
    const expiresAtMs = this.clock.nowMs() + this.limits.registrationTtlMs;
    const names = { sessionId: this.speaker.id, providerName, clientId, username, ownerId };
    const { streamWindowBytes } = this.limits;
    const facts = { ...names, expiresAtMs, extensions: brokerExtensions, streamWindowBytes };
    this.socket.send(registeredFrame(facts, requestId));
  }

  registerRefused(requestId: string | null): void {
    this.socket.send(registerRefusedFrame(requestId));
  }

  heartbeatReply(requestId: string | null): void {
    this.socket.send(heartbeatReplyFrame(requestId, this.clock.nowMs()));
  }

  work({ request, workerRequestId }: WorkerCall, profile: WorkerProfile, onRead: () => void): void {
    const { op, method, path, isStream, payload } = request;
    const { providerName, clientId } = this.speaker.identity;
    const head = { op, requestId: workerRequestId, providerName, clientId, method, path, isStream };
    const attached = carriedBeside(payload, profile);
    if (attached) this.socket.sendBinary(binaryWorkFrame(head, attached), onRead);
    else this.socket.send(workFrame(head, payload), onRead);
  }

  /** So much of the stream has been read. */
  window(call: WorkerCall, readBytes: number): void {
    this.socket.send(windowFrame(call.workerRequestId, readBytes));
  }

  cancel(call: WorkerCall): void {
    this.socket.send(cancelFrame(call.workerRequestId));
  }

  farewell(graceMs: number): void {
    this.socket.send(drainFrame(`drain-${this.speaker.id}`, graceMs));
  }
}
