import { AccessLease } from '@aisbf/access';
import { LeaseRecalled, RequestWithdrawn, subjects } from '@aisbf/contracts';
import { NatsBus } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { Allowances } from '../services/allowances.js';

/** A lease that nobody uses any more is given back within this time of being idle. */
const tendMs = 250;

/** Keeps the allowances in order, and hears who needs one back and whose may not be used any more. */
@Injectable()
export class AllowanceTending {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly bus: NatsBus,
    private readonly access: AccessLease,
    private readonly allowances: Allowances,
  ) {}

  start(): void {
    this.access.whenChanged((what) => {
      if (what === 'everything') return this.allowances.forgetAll();
      for (const subject of what) this.allowances.forget(subject);
    });
    this.bus.subscribe(subjects.leaseRecalled, LeaseRecalled, ({ ownerId }) =>
      this.allowances.recall(ownerId),
    );
    this.bus.subscribe(subjects.requestWithdrawn, RequestWithdrawn, ({ requestId }) =>
      this.allowances.withdrawn(requestId),
    );
    this.timer = setInterval(() => this.allowances.tend(), tendMs);
  }

  /** Resolves when all money is back. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.allowances.stop();
  }
}
