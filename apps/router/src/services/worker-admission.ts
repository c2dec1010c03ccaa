import type { AdmitWorker, CheckedWorkers, CheckWorkers, WorkerVerdict } from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { endedWorkers } from '../domain/ended-workers.js';
import { workerVerdict } from '../domain/worker-verdict.js';
import { RouterEvents } from '../events.js';
import { LiveCatalogue } from './live-catalogue.js';
import { RegistrationTokens } from './registration-tokens.js';

/** Tells brokers whether workers may connect, and stay. */
@Injectable()
export class WorkerAdmission {
  constructor(
    private readonly live: LiveCatalogue,
    private readonly tokens: RegistrationTokens,
    private readonly events: RouterEvents,
    private readonly clock: Clock,
  ) {}

  /** From memory: a storm of reconnections asks no database. */
  admit(claim: AdmitWorker): WorkerVerdict {
    const verdict = workerVerdict(claim, this.live.current(), {
      isTokenOf: this.tokens.isTokenOf,
      nowMs: this.clock.nowMs(),
    });
    this.events.workerJudged(verdict);
    return verdict;
  }

  /**
   * As the store has it at this moment: it is asked because a message was lost, and the one that tells of a
   * new catalogue may be lost too.
   */
  async check({ workers }: CheckWorkers): Promise<CheckedWorkers> {
    const catalogue = await this.live.refresh();
    const ended = endedWorkers(workers, catalogue, this.clock.nowMs());
    return { type: 'checked-workers', ended: [...ended] };
  }
}
