import {
  type OwnerEvent,
  type Principal,
  ProviderReference,
  type WorkerEvent,
  type WorkerSessions,
  type WorkerStatus,
  type WorkerViewer,
} from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { Injectable } from '@nestjs/common';
import { BrokerLimits } from '../config.js';
import { brokerFaults } from '../domain/broker-faults.js';
import { ownerHistory } from '../domain/owner-history.js';
import { isMeant, mayView } from '../domain/workers-answer.js';
import { BrokerEvents } from '../events.js';
import { AllWorkers } from './all-workers.js';
import { OwnerEventStore } from './owner-event-log.js';

/** What those who come at a crowded moment are told to wait: about as long as one answer takes at most. */
const crowdedWaitMs = 1_000;

/** What owners see of their workers, and operators of all: the same, whichever instance is asked. */
@Injectable()
export class WorkerView {
  private running = 0;

  constructor(
    private readonly workers: AllWorkers,
    private readonly store: OwnerEventStore,
    private readonly events: BrokerEvents,
    private readonly limits: BrokerLimits,
  ) {}

  list(principal: Principal): Promise<WorkerSessions> {
    return this.bounded(async () => {
      const question = { viewer: viewerOf(principal), provider: null };
      const found = await this.workers.find(question);
      return {
        sessions: [...found.sessions],
        count: found.count,
        answered_by: found.answeredBy,
        incomplete: [...found.incomplete],
      };
    });
  }

  /** By the provider's id, or by its name. */
  status(principal: Principal, provider: string): Promise<WorkerStatus> {
    return this.bounded(() => this.statusOf(viewerOf(principal), provider));
  }

  private async statusOf(viewer: WorkerViewer, provider: string): Promise<WorkerStatus> {
    if (!ProviderReference.safeParse(provider).success) throw brokerFaults.PROVIDER_MISSING();
    // In this order: what is stored in between is then seen twice, and known by its id.
    const found = await this.workers.find({ viewer, provider });
    const { sessions, events, answeredBy, incomplete } = found;
    const stored = await this.stored(viewer, provider);
    const history = ownerHistory([...(stored ?? []), ...events], this.limits.view.eventsMaxOfKind);
    if (sessions.length === 0 && history.length === 0) {
      const isSure = incomplete.length === 0 && stored !== undefined;
      throw isSure ? brokerFaults.PROVIDER_MISSING() : brokerFaults.WORKERS_UNSURE();
    }
    return {
      provider_id: provider,
      connected: sessions.some(({ presence }) => presence !== null),
      sessions: [...sessions],
      events: history.map(toWorkerEvent),
      answered_by: answeredBy,
      incomplete: [...incomplete],
      history_readable: stored !== undefined,
    };
  }

  /** Undefined while the store cannot be read. */
  private async stored(
    viewer: WorkerViewer,
    provider: string,
  ): Promise<readonly OwnerEvent[] | undefined> {
    const username = viewer.role === 'operator' ? undefined : viewer.username;
    // A name may look like an id.
    const questions = [
      { username, providerName: provider },
      ...(isId(provider) ? [{ username, providerId: provider }] : []),
    ];
    try {
      const found = await Promise.all(questions.map((question) => this.store.read(question)));
      return found.flat().filter((event) => mayView(viewer, event) && isMeant(provider, event));
    } catch (error) {
      if (error instanceof Fault && error.code === brokerFaults.PROVIDER_AMBIGUOUS().code)
        throw error;
      this.events.historyUnreadable(error);
      return undefined;
    }
  }

  /** Each answer asks every instance, so only so many are worked on at once. */
  private async bounded<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    if (this.running >= this.limits.view.runningMax) {
      throw brokerFaults.VIEWS_CROWDED({ retryAfterMs: crowdedWaitMs });
    }
    this.running += 1;
    try {
      return await work();
    } finally {
      this.running -= 1;
    }
  }
}

function viewerOf({ username, role }: Principal): WorkerViewer {
  return { username, role };
}

const idForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function isId(provider: string): boolean {
  return idForm.test(provider);
}

function toWorkerEvent({ event, ...told }: OwnerEvent): WorkerEvent {
  const { atMs, count, clientId, sessionId, detail } = told;
  return { atMs, count, type: event, clientId, sessionId, detail };
}
