import type {
  AutoselectDefinition,
  CeilingName,
  Condition,
  DecisionTree,
  Selection,
} from '@aisbf/contracts';
import { builtInAutoselects } from '../src/domain/built-in-autoselects.js';
import type { Autoselect } from '../src/domain/catalogue.js';
import type { PlanCase } from './plan-case.js';
import { fitOf } from './plan-oracle-fit.js';
import {
  importedOffer,
  importOpen,
  isListed,
  isMine,
  type OracleOffer,
  offerOf,
} from './plan-oracle-offers.js';
import { refusalOf } from './plan-oracle-refusal.js';
import { brokenBy, type Known, knownOf, scoresOf } from './plan-oracle-score.js';
import { offersOfRotation, onceEach } from './plan-oracle-tree.js';

/** What an autoselect makes of a request. */
export type Judgement = Readonly<{
  autoselect: string;
  decision: string | null;
  outcomes: readonly OracleOutcome[];
  /** The best first; equals stand together. */
  groups: readonly (readonly Known[])[];
  /** Where nothing is left. */
  refusal: string | undefined;
  isSecret: boolean;
  /** Who was looked at and cannot serve. */
  unfit: readonly Readonly<{ offer: OracleOffer; reasons: readonly string[] }>[];
}>;

export type OracleOutcome = Readonly<{
  isPrivate: boolean;
  ranking: readonly (readonly Known[])[];
  excluded: readonly Readonly<{ name: string; by: readonly CeilingName[] }>[];
}>;

/** Candidates that a plan looks at after a selection. */
const rankedMax = 64;

/** Something private was found, or not everything was looked at. */
export function isMarked({ facts: { signals } }: PlanCase): boolean {
  return signals === undefined || signals.isCut || signals.private.length > 0;
}

export function selectionOf(
  one: PlanCase,
  whose: 'nearest' | 'own' | Readonly<{ username: string }>,
  name: string,
): Judgement | undefined {
  const autoselect = find(one, whose, name);
  if (!autoselect) return undefined;
  const { definition } = autoselect;
  const told = one.facts.signals?.advice?.filter(
    (each) => each.autoselect === `${autoselect.username}/${autoselect.name}`,
  );
  const classes = (definition.classes ?? []).filter((each) => {
    const found = told?.[0]?.classes?.similarities[each.name];
    return found !== undefined && found >= each.similarityMin;
  });
  const names = classes.map((each) => each.name);
  const decision = definition.decisions.find(({ when }) => isSo(one, when, names));
  const looks = (decision?.use ?? definition.otherwise)
    .map((selection) => lookAt(one, selection, definition))
    .map((look) => favoured(look, told?.[0]?.judge?.choice ?? undefined));
  const outcomes = looks.map(({ outcome }) => outcome);
  const groups = firstOfEach(outcomes.flatMap(({ ranking }) => ranking));
  const unfit = looks.flatMap((look) => look.unfit);
  return {
    autoselect: `${autoselect.username}/${autoselect.name}`,
    decision: decision?.name ?? null,
    outcomes,
    groups,
    refusal: groups.length === 0 ? whyNobody(one, looks) : undefined,
    isSecret: outcomes.some(({ isPrivate }) => isPrivate),
    unfit,
  };
}

type Look = Readonly<{
  outcome: OracleOutcome;
  offers: readonly OracleOffer[];
  unfit: Judgement['unfit'];
}>;

function lookAt(one: PlanCase, selection: Selection, definition: AutoselectDefinition): Look {
  const offers = offersFor(one, selection.from).slice(0, one.settings.selectedOffersMax);
  const isPrivate =
    selection.privacy === 'always' || (selection.privacy === 'marked' && isMarked(one));
  const unfit: { offer: OracleOffer; reasons: readonly string[] }[] = [];
  const let_in: Known[] = [];
  const excluded: { name: string; by: CeilingName[] }[] = [];
  for (const offer of offers) {
    const { upstreams, reasons } = fitOf(one, offer);
    if (upstreams.length === 0) {
      unfit.push({ offer, reasons });
      continue;
    }
    const known = knownOf(one, offer, upstreams, definition.qualities);
    const by = brokenBy(known, selection.ceilings, isPrivate);
    if (by.length > 0) excluded.push({ name: known.label, by });
    else let_in.push(known);
  }
  const ranking = ranked(let_in, selection.weights);
  return { outcome: { isPrivate, ranking, excluded }, offers, unfit };
}

/** A judge moves one to the front, and has no say about who is let in. */
function favoured(look: Look, choice: string | undefined): Look {
  const { ranking } = look.outcome;
  const first = ranking.flatMap((equals) => equals.filter(({ label }) => label === choice));
  if (first.length === 0) return look;
  const rest = ranking.map((equals) => equals.filter(({ label }) => label !== choice));
  const moved = [first, ...rest].filter((equals) => equals.length > 0);
  return { ...look, outcome: { ...look.outcome, ranking: moved } };
}

function ranked(all: readonly Known[], weights: Selection['weights']): Known[][] {
  const scores = scoresOf(all, weights);
  const distinct = [...new Set(scores)].sort((left, right) => right - left);
  return distinct.map((score) => all.filter((_known, at) => scores[at] === score));
}

function firstOfEach(groups: readonly (readonly Known[])[]): readonly (readonly Known[])[] {
  const seen = new Set<string>();
  return groups
    .map((equals) =>
      equals.filter(({ label }) => {
        if (seen.has(label) || seen.size === rankedMax) return false;
        seen.add(label);
        return true;
      }),
    )
    .filter((equals) => equals.length > 0);
}

function whyNobody(one: PlanCase, looks: readonly Look[]): string {
  const excluded = looks.flatMap(({ outcome }) => outcome.excluded);
  if (excluded.some(({ by }) => by.includes('not_private'))) return 'PRIVACY_UNMET';
  const offers = looks.flatMap((look) => look.offers);
  if (excluded.length > 0 || offers.length === 0) return 'SELECTION_EMPTY';
  const reasons = looks.flatMap(({ unfit }) => unfit.flatMap((each) => each.reasons));
  return refusalOf(offers, reasons, one.facts.endpoint);
}

function find(
  one: PlanCase,
  whose: Parameters<typeof selectionOf>[1],
  name: string,
): Autoselect | undefined {
  const called = (one.catalogue.autoselects ?? []).filter((each) => each.name === name);
  const operators = () =>
    called.find(({ username }) => username === 'global') ?? builtInAutoselects.get(name);
  if (typeof whose !== 'object') {
    const own = called.find((each) => isMine(one, each));
    return whose === 'own' ? own : (own ?? operators());
  }
  if (whose.username === 'global') return operators();
  const theirs = called.find(({ username }) => username === whose.username);
  return theirs && isOpen(one, theirs) ? theirs : undefined;
}

/** One's own, or where it names something that its owner sells. */
function isOpen(one: PlanCase, { ownerId, definition }: Autoselect & { ownerId: string }) {
  if (isMine(one, { ownerId })) return true;
  const all = [...definition.decisions.flatMap(({ use }) => use), ...definition.otherwise];
  return all
    .flatMap(({ from }) => (from === 'everything' ? [] : membersOf(one, from)))
    .some(({ provider }) => provider.ownerId === ownerId);
}

function offersFor(one: PlanCase, from: Selection['from']): readonly OracleOffer[] {
  const offers = from === 'everything' ? everythingFor(one) : membersOf(one, from);
  return offers.filter(({ model }) => isListed(model, 'models', one.buyer.rules));
}

function membersOf(
  one: PlanCase,
  from: Exclude<Selection['from'], 'everything'>,
): readonly OracleOffer[] {
  return onceEach(
    from.flatMap((member) => {
      if ('rotationId' in member) return offersOfRotation(one, member.rotationId);
      if ('importId' in member) {
        const found = importOpen(one, ({ id }) => id === member.importId);
        return importedOffer(one, found) ?? [];
      }
      return offerOf(one, member.providerId, member.model) ?? [];
    }),
  );
}

/** One's own first, then all that others have on sale to one. */
function everythingFor(one: PlanCase): readonly OracleOffer[] {
  const enabled = one.catalogue.providers.filter(({ isEnabled }) => isEnabled);
  const own = enabled
    .filter((provider) => isMine(one, provider))
    .flatMap(({ id, source }) => {
      const sessions = one.sessions.filter(({ providerId }) => providerId === id);
      const models =
        source.kind === 'openai'
          ? [...source.models.keys()]
          : sessions.flatMap((session) => session.models.map(({ name }) => name));
      return models.flatMap((model) => offerOf(one, id, model) ?? []);
    });
  const others = one.catalogue.listings
    .filter(({ providerId }) =>
      enabled.some((each) => each.id === providerId && !isMine(one, each)),
    )
    .flatMap(({ providerId, model }) => offerOf(one, providerId, model) ?? []);
  return onceEach([...own, ...others]);
}

function isSo(one: PlanCase, tree: DecisionTree, classes: readonly string[]): boolean {
  if ('all' in tree) return !tree.all.some((part) => !isSo(one, part, classes));
  if ('any' in tree) return tree.any.filter((part) => isSo(one, part, classes)).length > 0;
  if ('not' in tree) return !isSo(one, tree.not, classes);
  if (tree.signal === 'classes') return classes.includes(tree.value);
  return isMet(signalOf(one, tree.signal), tree);
}

function isMet(told: unknown, { op, value }: Condition): boolean {
  if (op === 'is') return told === value;
  if (op === 'has') return Array.isArray(told) && told.some((each) => each === value);
  if (op === 'in') return Array.isArray(value) && value.some((each) => each === told);
  if (typeof told !== 'number') return false;
  return op === 'at_least' ? told >= Number(value) : told <= Number(value);
}

/** Of a prompt that nobody has looked at only the length is known, and that it is to be kept secret. */
function signalOf(one: PlanCase, name: string): unknown {
  const { signals, promptTokens } = one.facts;
  const known: Readonly<Record<string, unknown>> = {
    ...signals,
    isCut: signals?.isCut ?? true,
    isPrivate: isMarked(one),
    promptTokens,
  };
  return name.startsWith('metadata.') ? signals?.metadata[name.slice(9)] : known[name];
}
