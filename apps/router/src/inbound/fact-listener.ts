import {
  AttemptAnswering,
  AttemptEnded,
  AttemptOutrun,
  AttemptsEnded,
  ProbeEnded,
  subjects,
  UsageSettled,
} from '@aisbf/contracts';
import { NatsBus } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { AttemptLessons } from '../services/attempt-lessons.js';
import { OwnerRates } from '../services/owner-rates.js';
import { ProbeLessons } from '../services/probe-lessons.js';
import { UsageLessons } from '../services/usage-lessons.js';

/** Hears what has happened elsewhere and changes what the next plan is made with. */
@Injectable()
export class FactListener {
  constructor(
    private readonly bus: NatsBus,
    private readonly attempts: AttemptLessons,
    private readonly probes: ProbeLessons,
    private readonly usages: UsageLessons,
    private readonly rates: OwnerRates,
  ) {}

  start(): void {
    this.bus.subscribe(subjects.attemptEnded, AttemptEnded, (ended) => this.attempts.learn(ended));
    this.bus.subscribe(subjects.attemptsEnded, AttemptsEnded, ({ ends }) => {
      for (const ended of ends) this.attempts.learn(ended);
    });
    this.bus.subscribe(subjects.attemptAnswering, AttemptAnswering, (answering) =>
      this.attempts.learnOf(answering),
    );
    this.bus.subscribe(subjects.attemptOutrun, AttemptOutrun, (outrun) =>
      this.attempts.learnOfOutrun(outrun),
    );
    this.bus.subscribe(subjects.probeEnded, ProbeEnded, (ended) => this.probes.learn(ended));
    this.bus.subscribe(subjects.usageSettled, UsageSettled, ({ usages }) => {
      this.usages.learn(usages);
      for (const usage of usages) this.rates.settled(usage);
    });
  }
}
