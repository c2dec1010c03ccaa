import { type Extend, Extended, internalPaths } from '@aisbf/contracts';
import type { InternalClient } from '@aisbf/platform';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Holds } from '../services/holds.js';

/** Accounts, over kept connections. */
export class HttpHolds extends Holds implements OnApplicationShutdown {
  constructor(private readonly accounts: InternalClient) {
    super();
  }

  extend(request: Extend): Promise<Extended> {
    return this.accounts.post(internalPaths.accountsExtend, request, Extended, request.requestId);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.accounts.close();
  }
}
