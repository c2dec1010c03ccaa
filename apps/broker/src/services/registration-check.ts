import { setTimeout as wait } from 'node:timers/promises';
import type { CheckWorkers, RegistrationRevoked } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { BrokerLimits } from '../config.js';
import { identityKey } from '../domain/worker-identity.js';
import { BrokerEvents } from '../events.js';
import { Sessions } from './sessions.js';

export type CheckedWorker = CheckWorkers['workers'][number];

/** Who knows which registrations are still good. */
export abstract class RegistrationOffice {
  /** What would have been announced of these workers, had it ended this moment. */
  abstract endedOf(workers: readonly CheckedWorker[]): Promise<readonly RegistrationRevoked[]>;
}

/** As many as one question may hold. */
const workersMax = 1_000;

/**
 * Asks about all connected workers whether their registrations are still good. That one has ended is told as
 * soon as it does; this finds what was told while nobody could hear it.
 */
@Injectable()
export class RegistrationCheck {
  private running: Promise<void> | undefined;
  private isWanted = false;
  private readonly leaving = new AbortController();

  constructor(
    private readonly office: RegistrationOffice,
    private readonly sessions: Sessions,
    private readonly events: BrokerEvents,
    private readonly limits: BrokerLimits,
  ) {}

  /** Checks all, now; once more where it is asked for in the middle of it. Never rejects. */
  run(): Promise<void> {
    this.isWanted = true;
    this.running ??= this.checkWhileWanted().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** Whatever runs ends soon. */
  async stop(): Promise<void> {
    this.leaving.abort();
    await this.running;
  }

  private async checkWhileWanted(): Promise<void> {
    while (this.isWanted && !this.leaving.signal.aborted) {
      this.isWanted = false;
      try {
        await this.checkAll();
      } catch (error) {
        // Nobody can say at the moment: asked again until somebody does.
        this.isWanted = true;
        this.events.registrationsUnchecked(error);
        await this.pause();
      }
    }
  }

  private async checkAll(): Promise<void> {
    const workers = this.workers();
    for (let from = 0; from < workers.length; from += workersMax) {
      const ended = await this.office.endedOf(workers.slice(from, from + workersMax));
      for (const { type: _, ...revocation } of ended) this.sessions.revoke(revocation);
      this.events.registrationsChecked(ended.length);
    }
  }

  /** Each machine with each registration once. */
  private workers(): readonly CheckedWorker[] {
    const found = new Map<string, CheckedWorker>();
    for (const { identity } of this.sessions.all()) {
      const { providerId, clientId, registrationId = null } = identity;
      found.set(`${identityKey(identity)}\n${registrationId}`, {
        providerId,
        clientId,
        registrationId,
      });
    }
    return [...found.values()];
  }

  private async pause(): Promise<void> {
    const { signal } = this.leaving;
    const { retryMs } = this.limits.registrationCheck;
    await wait(retryMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
