import assert from 'node:assert';
import type { RequestFacts } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import type { Upstream } from '../src/domain/upstream.js';
import { randomFromSeed } from '../src/domain/weighted-order.js';
import { considered, type PlanCase } from './plan-case.js';
import { isAbovePrices, startCost } from './plan-oracle-money.js';

/**
 * Plans a case and throws where anybody in the plan is beyond what the request itself allows: by looking at the candidate
 * alone, whichever route, autoselect or fallback it came from. Gives how many there were.
 */
export function checkCeilings(one: PlanCase, seed: string): number {
  const plan = considered(one, randomFromSeed(seed));
  if (plan instanceof Fault) return 0;
  const { facts } = one;
  for (const candidate of plan.candidates) {
    const { offer } = candidate;
    if (!offer.isOwn) checkPromises(candidate, facts);
    checkPrice(candidate, facts);
    checkMachine(candidate, one);
    const { regions } = facts.preferences ?? {};
    assert(!regions || regions.includes(offer.provider.data.region ?? 'nowhere'), 'region');
  }
  assert(facts.costMax === undefined || plan.holdAmount <= BigInt(facts.costMax), 'the hold');
  checkSecrecy(one, plan.candidates);
  return plan.candidates.length;
}

function checkPrice({ offer }: Upstream, facts: RequestFacts): void {
  const { pricesMax, costMax } = facts;
  assert(!pricesMax || !isAbovePrices(offer.prices, pricesMax), 'a price');
  const importMax = Object.entries(offer.throughImport?.pricesMax ?? {});
  const most = Object.fromEntries(importMax.map(([kind, price]) => [kind, String(price)]));
  assert(!isAbovePrices(offer.prices, most), 'what an import takes');
  assert(costMax === undefined || startCost(offer.prices, facts) <= BigInt(costMax), 'cost');
}

function checkPromises({ offer }: Upstream, { preferences = {} }: RequestFacts): void {
  const { isCollected, isRetained } = offer.provider.data;
  assert(!preferences.deniesCollection || isCollected === false, 'collection');
  assert(!preferences.isZeroRetention || isRetained === false, 'retention');
}

/** What a machine is known not to take is not sent to it. */
function checkMachine({ target, modelThere }: Upstream, { facts, settings }: PlanCase): void {
  if (target.kind !== 'session') return;
  const { models, frameBytesMax, state } = target.present.session;
  const model = models.find(({ name }) => name === modelThere);
  assert(model && state === 'serving', 'a machine that does not serve this');
  const gives = facts.endpoint === 'embeddings' ? 'embedding' : 'text';
  const isText = !['images.generations', 'studio'].includes(facts.endpoint);
  assert(!isText || (model.outputs?.includes(gives) ?? true), 'output');
  assert(!isText || facts.promptTokens <= (model.contextTokensMax ?? Number.MAX_VALUE), 'context');
  assert(!facts.hasTools || model.hasTools !== false, 'tools');
  for (const input of facts.inputs ?? []) assert(model.inputs?.includes(input) ?? true, 'input');
  assert(facts.bodyBytes + settings.frameOverheadBytes <= frameBytesMax, 'frame');
}

/**
 * Where every selection of an autoselect that is named keeps private prompts from the indiscreet, nobody of those sees one:
 * also not by way of a fallback, and also not where that autoselect refuses, or is not there.
 */
function checkSecrecy(
  { catalogue, facts, buyer }: PlanCase,
  candidates: readonly Upstream[],
): void {
  const { signals } = facts;
  if (signals && !signals.isCut && signals.private.length === 0) return;
  const routes = [facts.route, ...(facts.fallbacks ?? [])];
  const names = routes.flatMap((route) => /(?:^|\/)autoselect\/([^/:]+)/.exec(route)?.[1] ?? []);
  const isStrict = names.some((name) =>
    (catalogue.autoselects ?? [])
      .filter((one) => one.name === name)
      .every(({ definition: { decisions, otherwise } }) =>
        [...decisions.flatMap(({ use }) => use), ...otherwise].every(
          ({ privacy }) => privacy !== 'ignored',
        ),
      ),
  );
  if (!isStrict) return;
  for (const { offer } of candidates) {
    const { data, ownerId } = offer.provider;
    const isDiscreet = data.isCollected === false && data.isRetained === false;
    assert(ownerId === buyer.ownerId || isDiscreet, 'a private prompt is seen');
  }
}
