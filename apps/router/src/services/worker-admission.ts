import type { AdmitWorker, WorkerVerdict } from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { workerVerdict } from '../domain/worker-verdict.js';
import { RouterEvents } from '../events.js';
import { LiveCatalogue } from './live-catalogue.js';
import { RegistrationTokens } from './registration-tokens.js';

/** Tells a broker whether a worker may connect. From memory: a storm of reconnections asks no database. */
@Injectable()
export class WorkerAdmission {
  constructor(
    private readonly live: LiveCatalogue,
    private readonly tokens: RegistrationTokens,
    private readonly events: RouterEvents,
    private readonly clock: Clock,
  ) {}

  admit(claim: AdmitWorker): WorkerVerdict {
    const verdict = workerVerdict(claim, this.live.current(), {
      isTokenOf: this.tokens.isTokenOf,
      nowMs: this.clock.nowMs(),
    });
    this.events.workerJudged(verdict);
    return verdict;
  }
}
