import type { FindAnswer, FoundAnswer, KeepAnswer } from '@aisbf/contracts';

/** Where it is known which request an idempotency key stands for, and what it was answered. */
export abstract class KeptAnswers {
  abstract find(request: FindAnswer): Promise<FoundAnswer>;
  abstract keep(request: KeepAnswer): Promise<void>;
}
