import { AttemptEnded, subjects, UsageSettled } from '@aisbf/contracts';
import { NatsBus } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { LiveHealth } from '../services/live-health.js';
import { UsageLessons } from '../services/usage-lessons.js';

/** Hears what has happened elsewhere and changes what the next plan is made with. */
@Injectable()
export class FactListener {
  constructor(
    private readonly bus: NatsBus,
    private readonly health: LiveHealth,
    private readonly lessons: UsageLessons,
  ) {}

  start(): void {
    this.bus.subscribe(subjects.attemptEnded, AttemptEnded, (ended) =>
      this.health.onAttemptEnded(ended),
    );
    this.bus.subscribe(subjects.usageSettled, UsageSettled, ({ usages }) => {
      for (const usage of usages) this.lessons.learn(usage);
    });
  }
}
