import {
  type AttemptAnswering,
  type AttemptEnded,
  type AttemptOutrun,
  subjects,
} from '@aisbf/contracts';
import { NatsBus } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { HealthFacts } from '../services/health-facts.js';

@Injectable()
export class NatsHealthFacts extends HealthFacts {
  constructor(private readonly bus: NatsBus) {
    super();
  }

  attemptAnswering(fact: AttemptAnswering): void {
    this.bus.publish(subjects.attemptAnswering, fact);
  }

  attemptEnded(fact: AttemptEnded): void {
    this.bus.publish(subjects.attemptEnded, fact);
  }

  attemptOutrun(fact: AttemptOutrun): void {
    this.bus.publish(subjects.attemptOutrun, fact);
  }
}
