import { type LeaseRecalled, type RequestWithdrawn, subjects } from '@aisbf/contracts';
import { NatsBus } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { LeaseRecall } from '../services/lease-store.js';

@Injectable()
export class NatsLeaseRecall extends LeaseRecall {
  constructor(private readonly bus: NatsBus) {
    super();
  }

  recall(ownerId: string): void {
    const message: LeaseRecalled = { type: 'lease-recalled', ownerId };
    this.bus.publish(subjects.leaseRecalled, message);
  }

  withdrawn(requestId: string): void {
    const message: RequestWithdrawn = { type: 'request-withdrawn', requestId };
    this.bus.publish(subjects.requestWithdrawn, message);
  }
}
