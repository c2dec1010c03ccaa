import type {
  AutoselectDefinition,
  CandidateFacts,
  Selection,
  SelectionOutcome,
  SelectionRecord,
} from '@aisbf/contracts';
import { adviceFor, heldClasses, judged } from './advice.js';
import { holds, isPrivate, type Reading } from './decision.js';
import { brokenBy } from './selection-ceilings.js';
import { ranking } from './selection-score.js';

/** Gives all that a selection may choose from; `at` is its place among those that are made. */
export type CandidatesOf = (selection: Selection, at: number) => readonly CandidateFacts[];

/**
 * Decides by the signals which selections are made, and makes them: first whoever breaks a ceiling goes, then
 * the rest is put in order. The record holds everything that this was made of.
 */
export function select(
  autoselect: string,
  definition: AutoselectDefinition,
  reading: Reading,
  candidatesOf: CandidatesOf,
): SelectionRecord {
  const advice = adviceFor(autoselect, reading);
  const read = { ...reading, classes: heldClasses(definition, advice) };
  const decision = definition.decisions.find(({ when }) => holds(when, read));
  const selections = decision?.use ?? definition.otherwise;
  const candidates = selections.map((selection, at) => [...candidatesOf(selection, at)]);
  return {
    autoselect,
    definition,
    ...reading,
    candidates,
    decision: decision?.name ?? null,
    outcomes: selections.map((selection, at) => {
      const { ranking: scored, ...outcome } = outcomeOf(selection, reading, candidates[at] ?? []);
      return { ...outcome, ranking: judged(scored, advice?.judge?.choice) };
    }),
  };
}

/** The same decision, made again of what its record says. */
export function replaySelection(record: SelectionRecord): SelectionRecord {
  const { autoselect, definition, signals, promptTokens, candidates } = record;
  return select(
    autoselect,
    definition,
    { signals, promptTokens },
    (_selection, at) => candidates[at] ?? [],
  );
}

function outcomeOf(
  { ceilings, weights, privacy }: Selection,
  reading: Reading,
  candidates: readonly CandidateFacts[],
): SelectionOutcome {
  const isStrict = privacy === 'always' || (privacy === 'marked' && isPrivate(reading));
  const fit: CandidateFacts[] = [];
  const excluded: SelectionOutcome['excluded'] = [];
  const brokenOf = brokenBy(ceilings, isStrict);
  for (const candidate of candidates) {
    const by = brokenOf(candidate);
    if (by.length > 0) excluded.push({ name: candidate.name, by });
    else fit.push(candidate);
  }
  return { isPrivate: isStrict, ranking: ranking(fit, weights), excluded };
}
