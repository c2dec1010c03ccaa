import { AttemptAnswering, AttemptEnded, subjects, UsageSettled } from '@aisbf/contracts';
import { NatsBus } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { LiveFailures } from '../services/live-failures.js';
import { LiveHealth } from '../services/live-health.js';
import { LivePace } from '../services/live-pace.js';
import { OwnerRates } from '../services/owner-rates.js';
import { UsageLessons } from '../services/usage-lessons.js';

/** Hears what has happened elsewhere and changes what the next plan is made with. */
@Injectable()
export class FactListener {
  constructor(
    private readonly bus: NatsBus,
    private readonly health: LiveHealth,
    private readonly pace: LivePace,
    private readonly lessons: UsageLessons,
    private readonly rates: OwnerRates,
    private readonly failures: LiveFailures,
  ) {}

  start(): void {
    this.bus.subscribe(subjects.attemptEnded, AttemptEnded, (ended) => {
      this.health.onAttemptEnded(ended);
      this.pace.onAttemptEnded(ended);
      this.failures.onAttemptEnded(ended);
    });
    this.bus.subscribe(subjects.attemptAnswering, AttemptAnswering, (answering) =>
      this.health.onAttemptAnswering(answering),
    );
    this.bus.subscribe(subjects.usageSettled, UsageSettled, ({ usages }) => {
      for (const usage of usages) {
        this.lessons.learn(usage);
        this.rates.settled(usage);
      }
    });
  }
}
