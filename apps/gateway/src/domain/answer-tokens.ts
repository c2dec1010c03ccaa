import { DeliveredTokens, type Tokenizer } from '@aisbf/metering';
import type { AnswerPiece } from '@aisbf/openai';

/** Counts an answer's output: each choice is a text of its own, and what it thinks is another. */
export class AnswerTokens {
  private readonly counters = {
    completion: new Map<number, DeliveredTokens>(),
    reasoning: new Map<number, DeliveredTokens>(),
  };

  constructor(private readonly tokenizer: Tokenizer) {}

  add(pieces: readonly AnswerPiece[]): void {
    for (const { choice, kind, text } of pieces) this.counter(kind, choice).append(text);
  }

  get completion(): number {
    return sum(this.counters.completion, ({ total }) => total);
  }

  get reasoning(): number {
    return sum(this.counters.reasoning, ({ total }) => total);
  }

  get total(): number {
    return this.completion + this.reasoning;
  }

  /** Never less than the total, and cheap. */
  get totalAtMost(): number {
    const { completion, reasoning } = this.counters;
    return (
      sum(completion, ({ totalAtMost }) => totalAtMost) +
      sum(reasoning, ({ totalAtMost }) => totalAtMost)
    );
  }

  private counter(kind: AnswerPiece['kind'], choice: number): DeliveredTokens {
    const known = this.counters[kind].get(choice);
    if (known) return known;
    const counter = new DeliveredTokens(this.tokenizer);
    this.counters[kind].set(choice, counter);
    return counter;
  }
}

function sum(
  counters: ReadonlyMap<number, DeliveredTokens>,
  figure: (counter: DeliveredTokens) => number,
): number {
  let total = 0;
  for (const counter of counters.values()) total += figure(counter);
  return total;
}
