import type { Advice, AutoselectDefinition, ScoredCandidate } from '@aisbf/contracts';
import type { Reading } from './decision.js';

/** What small models have said for this autoselect. */
export function adviceFor(autoselect: string, { signals }: Reading): Advice | undefined {
  return signals?.advice?.find((one) => one.autoselect === autoselect);
}

/** The classes that a question is of. Without an answer it is of none. */
export function heldClasses(
  { classes = [] }: Pick<AutoselectDefinition, 'classes'>,
  advice: Advice | undefined,
): readonly string[] {
  const similarities = new Map(Object.entries(advice?.classes?.similarities ?? {}));
  return classes
    .filter(({ name, similarityMin }) => (similarities.get(name) ?? -1) >= similarityMin)
    .map(({ name }) => name);
}

/** The judge's choice goes first, where it is among those that may be asked; all others stay in their order. */
export function judged(
  ranking: ScoredCandidate[][],
  choice: string | null | undefined,
): ScoredCandidate[][] {
  if (choice === null || choice === undefined) return ranking;
  const chosen = ranking.flat().find(({ name }) => name === choice);
  if (!chosen) return ranking;
  const others = ranking.map((equals) => equals.filter((one) => one !== chosen));
  return [[chosen], ...others.filter(({ length }) => length > 0)];
}
