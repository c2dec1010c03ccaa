import { RegistrationsUnsure, subjects } from '@aisbf/contracts';
import { NatsBus } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { BrokerLimits } from '../config.js';
import { RegistrationCheck } from '../services/registration-check.js';

/**
 * When registrations have to be checked because their end may not have been heard: the bus was away from us,
 * or from a router; and now and then, for whatever else may be lost.
 */
@Injectable()
export class RegistrationWatch {
  private timer: NodeJS.Timeout | undefined;
  private readonly subscriptions: { unsubscribe: () => void }[] = [];

  constructor(
    private readonly bus: NatsBus,
    private readonly check: RegistrationCheck,
    private readonly limits: BrokerLimits,
  ) {}

  start(): void {
    const run = (): void => void this.check.run();
    this.subscriptions.push(
      this.bus.onReconnected(run),
      this.bus.subscribe(subjects.registrationsUnsure, RegistrationsUnsure, run),
    );
    this.timer = setInterval(run, this.limits.registrationCheck.intervalMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    await this.check.stop();
  }
}
