import type { AdmitWorker, WorkerVerdict } from '@aisbf/contracts';
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
  ) {}

  admit(claim: AdmitWorker): WorkerVerdict {
    const verdict = workerVerdict(claim, this.live.current(), this.tokens.isTokenOf);
    this.events.workerJudged(verdict);
    return verdict;
  }
}
