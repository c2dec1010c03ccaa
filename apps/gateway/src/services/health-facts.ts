import type { AttemptAnswering, AttemptEnded, AttemptOutrun } from '@aisbf/contracts';

/** Tells the routers how attempts end, so that they learn who is well. */
export abstract class HealthFacts {
  abstract attemptAnswering(fact: AttemptAnswering): void;
  abstract attemptEnded(fact: AttemptEnded): void;
  abstract attemptOutrun(fact: AttemptOutrun): void;
}
