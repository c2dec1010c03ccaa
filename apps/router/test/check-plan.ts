import assert from 'node:assert';
import { Fault } from '@aisbf/faults';
import { healthKeyOf, type Upstream } from '../src/domain/upstream.js';
import { randomByName, randomFromSeed } from '../src/domain/weighted-order.js';
import { type Considered, considered, type PlanCase } from './plan-case.js';
import { type Expected, expectedOf, holdOf } from './plan-oracle.js';
import { compareLists, orderOf, rankOf } from './plan-oracle-order.js';
import { standingOf } from './plan-oracle-standing.js';
import { offersIn } from './plan-oracle-tree.js';

export type Checked = 'refused' | 'planned';

/**
 * Plans a case and throws where the plan differs from the oracle's: in whom it names, whom it rejects and why, its order, its
 * money, its limits, or its refusal. First with dice that give each name its number, so that only one order is right; then
 * with dice as requests have them, which must come to the same but for what is drawn.
 */
export function checkPlan(one: PlanCase, seed: string): Checked {
  const expected = expectedOf(one);
  const found = considered(one, randomByName(seed));
  if (found instanceof Fault) {
    assert.equal(found.code, expected.refusal, 'why nothing was looked at');
    return 'refused';
  }
  assert.equal(found.refused?.code, expected.refusal, 'why nobody serves');
  checkRejections(one, found, expected);
  checkSelections(found, expected);
  assert.equal(found.limits, expected.limits, 'limits');
  assert.equal(found.isOneOnly, expected.isOneOnly, 'whether the first is the only one');
  checkMembers(one, found, expected);
  checkOrder(one, found, expected, seed);
  checkMoney(one, found);
  checkDice(one, expected, seed);
  return expected.refusal === undefined ? 'planned' : 'refused';
}

function checkRejections(
  { settings }: PlanCase,
  { rejections }: Considered,
  { rejections: all }: Expected,
): void {
  const told = rejections.map(
    ({ providerLabel, model, reason, import: by }) =>
      `${providerLabel} ${model}${by === undefined ? '' : ` by ${by}`}: ${reason}`,
  );
  assert.equal(new Set(told).size, told.length, 'a rejection is told twice');
  assert.equal(told.length, Math.min(all.size, settings.rejectionsMax), 'how many are rejected');
  for (const line of told) assert(all.has(line), `not rejected: ${line}`);
}

function checkSelections({ selections }: Considered, { judgements }: Expected): void {
  const found = selections.map(({ autoselect, decision, outcomes }) => ({
    autoselect,
    decision,
    outcomes: outcomes.map(({ isPrivate, ranking, excluded }) => ({
      isPrivate,
      ranking: ranking.map((equals) => equals.map(({ name }) => name)),
      excluded: excluded.map(({ name, by }) => ({ name, by: by.toSorted() })),
    })),
  }));
  const expected = judgements.map(({ autoselect, decision, outcomes }) => ({
    autoselect,
    decision,
    outcomes: outcomes.map(({ isPrivate, ranking, excluded }) => ({
      isPrivate,
      ranking: ranking.map((equals) => equals.map(({ label }) => label)),
      excluded: excluded.map(({ name, by }) => ({ name, by: by.toSorted() })),
    })),
  }));
  assert.deepEqual(found, expected, 'what autoselects decide');
}

function checkMembers(one: PlanCase, { candidates }: Considered, expected: Expected): void {
  const all = new Map(expected.upstreams.map((each) => [each.healthName, each]));
  const names = candidates.map(healthKeyOf);
  assert.equal(new Set(names).size, names.length, 'a candidate is asked twice');
  assert.equal(names.length, Math.min(all.size, one.settings.candidatesMax), 'how many are asked');
  for (const [at, candidate] of candidates.entries()) {
    const upstream = all.get(names[at] ?? '');
    assert(upstream, `nobody may ask ${names[at]}`);
    const { offer, modelThere } = upstream;
    assert.equal(candidate.modelThere, modelThere);
    assert.equal(candidate.endpoint, upstream.endpoint, 'by which endpoint');
    assert.deepEqual(candidate.offer.prices, offer.prices, 'prices');
    assert.equal(candidate.offer.feeBps, offer.feeBps, 'fee');
    assert.equal(candidate.offer.isOwn, offer.isOwn);
  }
}

function checkOrder(one: PlanCase, found: Considered, expected: Expected, seed: string): void {
  const { asked, waiting } = orderOf(one, expected, randomByName(seed));
  const names = found.candidates.map(healthKeyOf);
  const first = asked.map(({ healthName }) => healthName).slice(0, names.length);
  assert.deepEqual(names.slice(0, first.length), first, 'the order');
  const last = found.candidates.slice(first.length).map(({ coolUntilMs }) => coolUntilMs);
  const moments = waiting.map(({ untilMs }) => untilMs).slice(0, last.length);
  assert.deepEqual(last, moments, 'who waits, by the moment');
  const untilOf = new Map(waiting.map((each) => [each.upstream.healthName, each.untilMs]));
  for (const each of found.candidates.slice(first.length)) {
    assert.equal(each.coolUntilMs, untilOf.get(healthKeyOf(each)), 'until when it waits');
  }
  const [tried] = found.candidates;
  const isTried = tried !== undefined && standingOf(one, toUpstream(expected, tried)).isOnTrial;
  assert.equal(found.trial, isTried ? healthKeyOf(tried) : undefined, 'who is tried out');
}

function toUpstream({ upstreams }: Expected, candidate: Upstream) {
  const found = upstreams.find(({ healthName }) => healthName === healthKeyOf(candidate));
  assert(found, 'a stranger');
  return found;
}

function checkMoney(one: PlanCase, { candidates, holdAmount }: Considered): void {
  const offers = candidates.map(({ offer }) => offer);
  assert.equal(holdAmount, candidates.length === 0 ? 0n : holdOf(one, offers), 'the hold');
}

/** With any dice: the same from the same, and each class of the order before the next. */
function checkDice(one: PlanCase, expected: Expected, seed: string): void {
  const found = considered(one, randomFromSeed(seed));
  assert(!(found instanceof Fault));
  assert.deepEqual(considered(one, randomFromSeed(seed)), found, 'the same comes to another plan');
  checkMembers(one, found, expected);
  const isKnownWell = ({ coolUntilMs }: Upstream) => coolUntilMs === 0;
  const asked = found.candidates.filter(isKnownWell);
  assert.deepEqual(found.candidates.slice(0, asked.length), asked, 'who cools is asked last');
  assert(
    asked.slice(1).every((each) => !standingOf(one, toUpstream(expected, each)).isOnTrial),
    'who is tried out comes first, or waits',
  );
  const classes = asked.map((each) => classOf(one, expected, each));
  for (const [at, next] of classes.slice(1).entries()) {
    assert(compareLists(classes[at] ?? [], next) <= 0, 'a later class is asked earlier');
  }
}

/** What decides before any lot does: the wishes, then the place among the routes, then the outer priority. */
function classOf(one: PlanCase, expected: Expected, candidate: Upstream) {
  const upstream = toUpstream(expected, candidate);
  // By itself, or through an import.
  const names = expected.upstreams
    .filter(({ healthName }) => healthName === upstream.healthName)
    .map(({ offer }) => offer.name);
  const holds = (tree: Expected['routes'][number]) =>
    offersIn(tree).some((offer) => names.includes(offer.name));
  const at = expected.routes.findIndex(holds);
  const route = expected.routes[at];
  const steps = route && 'inOrder' in route ? route.inOrder.findIndex(holds) : 0;
  const priorities =
    route && 'drawn' in route
      ? route.drawn.filter(({ tree }) => holds(tree)).map(({ priority }) => priority)
      : [0];
  return [...rankOf(one, expected, upstream), at, steps, Math.min(...priorities)];
}
