import { type Extend, Extended, internalPaths } from '@aisbf/contracts';
import type { InternalClient, Metrics } from '@aisbf/platform';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Holds } from '../services/holds.js';

/** Accounts, over kept connections. */
export class HttpHolds extends Holds implements OnApplicationShutdown {
  private readonly extensions;

  constructor(
    private readonly accounts: InternalClient,
    metrics: Metrics,
  ) {
    super();
    this.extensions = metrics.counter('hold_extensions_total', 'Questions for more, by answer.', [
      'result',
    ]);
  }

  async extend(request: Extend): Promise<Extended> {
    const { requestId } = request;
    try {
      const answer = await this.accounts.post(
        internalPaths.accountsExtend,
        request,
        Extended,
        requestId,
      );
      this.extensions.inc({ result: answer.result });
      return answer;
    } catch (error) {
      this.extensions.inc({ result: 'failed' });
      throw error;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.accounts.close();
  }
}
