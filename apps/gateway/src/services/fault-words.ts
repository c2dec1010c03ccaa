import type { Fault } from '@aisbf/faults';
import type { OpenAiError } from '@aisbf/openai';

/** How a failure is told to buyers; what was no fault, and a mistake of ours, has none. */
export abstract class FaultWords {
  abstract of(
    thrown: unknown,
  ): Readonly<{ fault: Fault | undefined; status: number; body: OpenAiError }>;
}
