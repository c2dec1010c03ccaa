import { type FindAnswer, FoundAnswer, internalPaths, type KeepAnswer } from '@aisbf/contracts';
import type { InternalClient } from '@aisbf/platform';
import type { OnApplicationShutdown } from '@nestjs/common';
import { z } from 'zod';
import { KeptAnswers } from '../services/kept-answers.js';

const Kept = z.strictObject({});

/** Accounts, over kept connections. */
export class HttpKeptAnswers extends KeptAnswers implements OnApplicationShutdown {
  constructor(private readonly accounts: InternalClient) {
    super();
  }

  find(request: FindAnswer): Promise<FoundAnswer> {
    return this.accounts.post(internalPaths.accountsFindAnswer, request, FoundAnswer);
  }

  async keep(request: KeepAnswer): Promise<void> {
    await this.accounts.post(internalPaths.accountsKeepAnswer, request, Kept, request.requestId);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.accounts.close();
  }
}
