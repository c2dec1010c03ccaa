import {
  type FindResponse,
  type ForgetResponse,
  ForgottenResponse,
  FoundResponse,
  internalPaths,
  type KeepResponse,
} from '@aisbf/contracts';
import type { InternalClient } from '@aisbf/platform';
import type { OnApplicationShutdown } from '@nestjs/common';
import { z } from 'zod';
import { StoredResponseStore } from '../services/stored-responses.js';

const Kept = z.strictObject({});

/** Accounts, over kept connections. */
export class HttpStoredResponseStore extends StoredResponseStore implements OnApplicationShutdown {
  constructor(private readonly accounts: InternalClient) {
    super();
  }

  async find(question: FindResponse): Promise<string | null> {
    const path = internalPaths.accountsFindResponse;
    return (await this.accounts.post(path, question, FoundResponse)).response;
  }

  async keep(request: KeepResponse): Promise<void> {
    await this.accounts.post(internalPaths.accountsKeepResponse, request, Kept);
  }

  async forget(request: ForgetResponse): Promise<boolean> {
    const path = internalPaths.accountsForgetResponse;
    return (await this.accounts.post(path, request, ForgottenResponse)).isForgotten;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.accounts.close();
  }
}
