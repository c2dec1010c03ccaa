import { type AccessChanged, subjects } from '@aisbf/contracts';
import { NatsBus } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { AccessAnnouncer } from '../services/revocations.js';

@Injectable()
export class NatsAccessAnnouncer extends AccessAnnouncer {
  constructor(private readonly bus: NatsBus) {
    super();
  }

  announce(): void {
    this.bus.publish(subjects.accessChanged, { type: 'access-changed' } satisfies AccessChanged);
  }
}
