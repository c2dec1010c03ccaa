import type {
  AutoselectDefinition,
  CandidateFacts,
  MeaningClass,
  Selection,
  SelectionOutcome,
  SelectionRecord,
} from '@aisbf/contracts';
import { select } from './selection.js';

export type KeptLimits = Readonly<{
  /** Of each selection so many of the best are kept, and as many of those that were left out. */
  candidatesMax: number;
  /** What does not fit keeps fewer candidates. */
  bytesMax: number;
}>;

/** Members of a selection beyond these are not told: they say where candidates came from, and decide nothing. */
const membersMax = 16;
/** As few as a judge can choose from. */
const judgeModelsMax = 2;

/**
 * The records of one request, as small as they are kept: with those candidates that came out best, those that the scores
 * were measured by, and some that were left out. What is kept decides by itself what it decided among all. Undefined where
 * not even one candidate of each fits.
 */
export function keptSelections(
  records: readonly SelectionRecord[],
  { candidatesMax, bytesMax }: KeptLimits,
): SelectionRecord[] | undefined {
  for (let most = candidatesMax; most >= 1; most = Math.floor(most / 2)) {
    const kept = records.map((record) => keptSelection(record, most));
    if (Buffer.byteLength(JSON.stringify(kept)) <= bytesMax) return kept;
  }
  return undefined;
}

export function keptSelection(record: SelectionRecord, candidatesMax: number): SelectionRecord {
  const { autoselect, signals, promptTokens, candidates, outcomes } = record;
  const kept = candidates.map((all, at) => keptCandidates(all, outcomes[at], candidatesMax));
  const omitted = count(candidates) - count(kept);
  const again = select(
    autoselect,
    keptDefinition(record, kept.flat()),
    { signals, promptTokens },
    (_selection, at) => kept[at] ?? [],
  );
  return omitted > 0 ? { ...again, omitted } : again;
}

function count(all: readonly (readonly CandidateFacts[])[]): number {
  return all.reduce((sum, { length }) => sum + length, 0);
}

function keptCandidates(
  all: readonly CandidateFacts[],
  outcome: SelectionOutcome | undefined,
  most: number,
): readonly CandidateFacts[] {
  const names = (outcome?.ranking ?? []).flat().map(({ name }) => name);
  const excluded = (outcome?.excluded ?? []).map(({ name }) => name).slice(0, most);
  const fit = new Set(names);
  const measures = measuresOf(all.filter(({ name }) => fit.has(name)));
  const kept = new Set([...names.slice(0, most), ...measures, ...excluded]);
  return all.filter(({ name }) => kept.has(name));
}

/** Those that have the best of anything: scores of the others are shares of it. */
function measuresOf(fit: readonly CandidateFacts[]): readonly string[] {
  const least = (figureOf: (one: CandidateFacts) => number | null) => {
    const known = fit.flatMap((one) => {
      const figure = figureOf(one);
      return figure === null ? [] : [{ name: one.name, figure }];
    });
    return known.sort((left, right) => left.figure - right.figure).slice(0, 1);
  };
  return [
    ...least(({ expectedCost }) => Number(expectedCost)),
    ...least(({ expectedCost }) => Number(expectedCost) || null),
    ...least(({ firstMs }) => firstMs),
    ...least(({ tokensPerSecond }) => (tokensPerSecond === null ? null : -tokensPerSecond)),
  ].map(({ name }) => name);
}

/** Decisions behind the one that held were not looked at, and tiers of models that are not kept say nothing. */
function keptDefinition(
  { definition, decision }: SelectionRecord,
  kept: readonly CandidateFacts[],
): AutoselectDefinition {
  const { decisions, otherwise, qualities, classes, judge } = definition;
  const held = decisions.findIndex(({ name }) => name === decision);
  const seen = held < 0 ? decisions : decisions.slice(0, held + 1);
  return {
    decisions: seen.map((one, at) => ({
      ...one,
      use: at === held ? one.use.map(withFewMembers) : one.use.slice(0, 1).map(withFewMembers),
    })),
    otherwise: (held < 0 ? otherwise : otherwise.slice(0, 1)).map(withFewMembers),
    qualities: qualities.filter(({ model }) => kept.some(({ name }) => isTold(name, model))),
    // What was found by them stands among the signals.
    ...(classes && { classes: classes.map(withOneExample) }),
    ...(judge && { judge: { models: judge.models.slice(0, judgeModelsMax) } }),
  };
}

function withOneExample(one: MeaningClass): MeaningClass {
  return { ...one, examples: one.examples.slice(0, 1) };
}

function withFewMembers(selection: Selection): Selection {
  const { from } = selection;
  return from === 'everything' ? selection : { ...selection, from: from.slice(0, membersMax) };
}

/** A candidate's name is `{owner}/{provider}/{model}`. */
function isTold(name: string, pattern: string): boolean {
  const model = name.split('/').slice(2).join('/');
  return pattern.endsWith('*') ? model.startsWith(pattern.slice(0, -1)) : model === pattern;
}
