import {
  type Checkpoint,
  type CheckpointResult,
  internalPaths,
  KeptCheckpoints,
} from '@aisbf/contracts';
import type { InternalClient, Metrics } from '@aisbf/platform';
import type { OnApplicationShutdown } from '@nestjs/common';
import { CheckpointKeeper } from '../services/checkpoints.js';

/** Accounts, over kept connections. */
export class HttpCheckpointKeeper extends CheckpointKeeper implements OnApplicationShutdown {
  private readonly checkpoints;

  constructor(
    private readonly accounts: InternalClient,
    metrics: Metrics,
  ) {
    super();
    this.checkpoints = metrics.counter(
      'checkpoints_total',
      'What running requests have come to, by what became of telling it.',
      ['result'],
    );
  }

  async keep(checkpoints: readonly Checkpoint[]): Promise<readonly CheckpointResult[]> {
    const path = internalPaths.accountsKeepCheckpoints;
    const command = { type: 'keep-checkpoints', checkpoints };
    try {
      const { results } = await this.accounts.post(path, command, KeptCheckpoints);
      for (const result of results) this.checkpoints.inc({ result });
      return results;
    } catch (error) {
      this.checkpoints.inc({ result: 'failed' }, checkpoints.length);
      throw error;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.accounts.close();
  }
}
