import {
  cancelFrame,
  drainFrame,
  heartbeatReplyFrame,
  registeredFrame,
  registerRefusedFrame,
  workFrame,
} from '@aisbf/broker-protocol';
import type { Clock } from '@aisbf/platform';
import type { WorkerIdentity } from '../domain/worker-identity.js';
import type { WorkerCall } from './worker-call.js';
import type { WorkerSocket } from './worker-socket.js';

/** What this broker can do beyond the plain protocol. */
export const brokerExtensions = ['cancel', 'limits.max_frame_bytes', 'drain'] as const;

type Speaker = Readonly<{ id: string; identity: WorkerIdentity }>;

/** Everything that a session says to its worker, but for what keeps the connection alive. */
export class SessionVoice {
  constructor(
    private readonly speaker: Speaker,
    private readonly socket: WorkerSocket,
    private readonly clock: Clock,
    private readonly registrationTtlMs: number,
  ) {}

  registered(requestId: string | null): void {
    const { providerName, clientId, username, ownerId } = this.speaker.identity;
    const expiresAtMs = this.clock.nowMs() + this.registrationTtlMs;
    const names = { sessionId: this.speaker.id, providerName, clientId, username, ownerId };
    const facts = { ...names, expiresAtMs, extensions: brokerExtensions };
    this.socket.send(registeredFrame(facts, requestId));
  }

  registerRefused(requestId: string | null): void {
    this.socket.send(registerRefusedFrame(requestId));
  }

  heartbeatReply(requestId: string | null): void {
    this.socket.send(heartbeatReplyFrame(requestId, this.clock.nowMs()));
  }

  work({ request, workerRequestId }: WorkerCall): void {
    const { op, method, path, isStream, payload } = request;
    const { providerName, clientId } = this.speaker.identity;
    const head = { op, requestId: workerRequestId, providerName, clientId, method, path, isStream };
    this.socket.send(workFrame(head, payload));
  }

  cancel(call: WorkerCall): void {
    this.socket.send(cancelFrame(call.workerRequestId));
  }

  farewell(graceMs: number): void {
    this.socket.send(drainFrame(`drain-${this.speaker.id}`, graceMs));
  }
}
