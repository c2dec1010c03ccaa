import type { AdviceState } from '@aisbf/contracts';

/** Why a small model has said nothing of use. */
export class NoAdvice extends Error {
  override readonly name = 'NoAdvice';

  constructor(
    readonly state: Exclude<AdviceState, 'given'>,
    options?: ErrorOptions,
  ) {
    super(`a model beside the market gave no advice: ${state}`, options);
  }
}

/** A small model that the operator runs beside the market. */
abstract class Adviser {
  /** False: the operator has none. */
  abstract readonly isThere: boolean;
  /** It runs where prompts may be read that are private. */
  abstract readonly isLocal: boolean;
}

/** Knows which texts mean the same. */
export abstract class Embedder extends Adviser {
  /** A vector for each text. Throws NoAdvice. */
  abstract embed(texts: readonly string[], msMax: number): Promise<readonly (readonly number[])[]>;
}

/** Says which of some models suits a question. */
export abstract class Judge extends Adviser {
  /** The name of one of them. Throws NoAdvice. */
  abstract choose(
    judged: readonly Readonly<{ name: string; description: string }>[],
    question: string,
  ): Promise<string>;
}
