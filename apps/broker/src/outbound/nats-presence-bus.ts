import { type PresenceEvent, type PresenceSnapshot, subjects } from '@aisbf/contracts';
import type { NatsBus } from '@aisbf/platform';
import { PresenceBus } from '../services/presence.js';

export class NatsPresenceBus extends PresenceBus {
  constructor(private readonly bus: NatsBus) {
    super();
  }

  override publish(event: PresenceEvent): void {
    this.bus.publish(subjects.presenceEvent, event);
  }

  override reply(subject: string, page: PresenceSnapshot): void {
    this.bus.publish(subject, page);
  }

  override flush(): Promise<void> {
    return this.bus.flush();
  }
}
