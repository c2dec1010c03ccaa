import type { AskWorkers, WorkerSession } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { isMeant, mayView, sessionsMax, type WorkersAnswer } from '../domain/workers-answer.js';
import { OwnerEventLog } from './owner-event-log.js';
import { Presence } from './presence.js';
import type { Session } from './session.js';
import { Sessions } from './sessions.js';

export type WorkersQuestion = Omit<AskWorkers, 'type'>;

/** What this very instance knows of somebody's workers. */
@Injectable()
export class LocalWorkers {
  constructor(
    private readonly sessions: Sessions,
    private readonly history: OwnerEventLog,
    private readonly presence: Presence,
  ) {}

  /** This instance's own name. */
  get brokerId(): string {
    return this.presence.brokerId;
  }

  find({ viewer, provider }: WorkersQuestion): WorkersAnswer {
    const own = [...this.sessions.all()].filter(
      ({ identity }) => mayView(viewer, identity) && isMeant(provider, identity),
    );
    // Whoever asks for all sessions does not ask what has happened to each.
    const unstored = provider === null ? [] : this.history.unstored();
    return {
      count: own.length,
      sessions: own.slice(0, sessionsMax).map((session) => this.describe(session)),
      events: unstored.filter((event) => mayView(viewer, event) && isMeant(provider, event)),
    };
  }

  private describe(session: Session): WorkerSession {
    const { identity } = session;
    const { state, heardAtMs, hardware, capabilities, measured } = session.description();
    return {
      session_id: session.id,
      broker_id: this.presence.brokerId,
      provider_id: identity.providerName,
      client_id: identity.clientId,
      username: identity.username,
      connected_at_ms: session.connectedAtMs,
      state,
      heardAtMs,
      hardware: hardware && { ...hardware, gpus: [...hardware.gpus] },
      capabilities: capabilities && {
        ...capabilities,
        transports: [...capabilities.transports],
        operations: [...capabilities.operations],
        endpoints: [...capabilities.endpoints],
        extensions: [...capabilities.extensions],
        paths: capabilities.paths && [...capabilities.paths],
      },
      measured: [...measured],
      presence: session.presence() ?? null,
    };
  }
}
