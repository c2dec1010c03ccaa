import {
  type AttemptAnswering,
  type AttemptEnded,
  type AttemptOutrun,
  attemptsEndedMax,
  subjects,
} from '@aisbf/contracts';
import type { NatsBus } from '@aisbf/platform';
import type { OnApplicationShutdown } from '@nestjs/common';
import { HealthFacts } from '../services/health-facts.js';

/**
 * Tells the routers over the bus. What went well is news that can wait a moment, and goes together with what follows it:
 * every router reads every message. What failed is told at once, after all that came before it.
 */
export class NatsHealthFacts extends HealthFacts implements OnApplicationShutdown {
  private waiting: AttemptEnded[] = [];
  private pause: NodeJS.Timeout | undefined;

  constructor(
    private readonly bus: Pick<NatsBus, 'publish'>,
    private readonly apartMs: number,
  ) {
    super();
  }

  attemptAnswering(fact: AttemptAnswering): void {
    this.bus.publish(subjects.attemptAnswering, fact);
  }

  attemptEnded(fact: AttemptEnded): void {
    this.waiting.push(fact);
    const mayWait = fact.isSuccess && this.waiting.length < attemptsEndedMax;
    if (mayWait) this.pause ??= setTimeout(() => this.tell(), this.apartMs);
    else this.tell();
  }

  attemptOutrun(fact: AttemptOutrun): void {
    this.tell();
    this.bus.publish(subjects.attemptOutrun, fact);
  }

  onApplicationShutdown(): void {
    this.tell();
  }

  private tell(): void {
    clearTimeout(this.pause);
    this.pause = undefined;
    const ends = this.waiting;
    this.waiting = [];
    const [only, ...others] = ends;
    if (!only) return;
    if (others.length === 0) this.bus.publish(subjects.attemptEnded, only);
    else this.bus.publish(subjects.attemptsEnded, { type: 'attempts-ended', ends });
  }
}
