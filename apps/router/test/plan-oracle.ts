import type { Preferences } from '@aisbf/contracts';
import type { RotationLimits } from '../src/domain/catalogue.js';
import type { PlanCase } from './plan-case.js';
import { fitOf, type OracleUpstream } from './plan-oracle-fit.js';
import { type Meaning, meaningOf } from './plan-oracle-meaning.js';
import { costAtMost, outputHeld } from './plan-oracle-money.js';
import { keepsSecrets, type OracleOffer } from './plan-oracle-offers.js';
import { refusalOf } from './plan-oracle-refusal.js';
import type { Judgement } from './plan-oracle-selection.js';
import { offersIn, prune, type Tree } from './plan-oracle-tree.js';

/** A rejection as the buyer is told of it, in one line. */
export type Told = string;

/** What a plan must come to, whatever the dice say. */
export type Expected = Readonly<{
  tree: Tree | undefined;
  /** What each of its routes leads to, in their order. */
  routes: readonly Tree[];
  /** Everybody who can serve. */
  upstreams: readonly OracleUpstream[];
  rejections: ReadonlySet<Told>;
  refusal: string | undefined;
  limits: RotationLimits | undefined;
  isOneOnly: boolean;
  judgements: readonly Judgement[];
  wishes: Preferences;
}>;

/**
 * The rules of `docs/routing.md` and `docs/api.md` said again in the plainest way, by looking at
 * everything for every question. Takes nothing from the router but its types, the definitions of what is built in, and the
 * dice.
 */
export function expectedOf(one: PlanCase): Expected {
  const [first = '', ...others] = [one.facts.route, ...(one.facts.fallbacks ?? [])];
  const suffix = /:(nitro|floor)$/.exec(first)?.[1];
  const wishes: Preferences = {
    ...(suffix && { sort: suffix === 'nitro' ? 'throughput' : 'price' }),
    ...one.facts.preferences,
  };
  const asked = { ...one, facts: { ...one.facts, preferences: wishes } };
  const routes = [first, ...others].map((route) => route.replace(/:(?:nitro|floor)$/, ''));
  if (one.facts.promptTokens > one.settings.promptTokensMax) return nobody('REQUEST_TOO_LARGE');
  const meanings = routes.map((route) => meaningOf(asked, route));
  return weigh(asked, meanings, wishes);
}

function weigh(one: PlanCase, meanings: readonly Meaning[], wishes: Preferences): Expected {
  const judgements = meanings.flatMap(({ judgement }) => judgement ?? []);
  const isSecret = meanings.some((meaning) => meaning.isSecret);
  const meant = meanings.flatMap(({ tree }) => tree ?? []);
  const routes = isSecret ? meant.flatMap((tree) => prune(tree, keepsSecrets) ?? []) : meant;
  const [only] = routes;
  const tree = only && routes.length > 1 ? { inOrder: routes } : only;
  const looked = [
    ...(tree ? fitsIn(one, tree) : []),
    ...judgements.flatMap(({ unfit }) => unfit.map((each) => ({ ...each, upstreams: [] }))),
    ...hiddenFrom(meant, isSecret),
  ];
  const upstreams = looked.flatMap((each) => each.upstreams);
  const first = meanings.find((meaning) => meaning.tree);
  const refusals = meanings.flatMap(({ refusal }) => refusal ?? []);
  return {
    tree,
    routes,
    upstreams,
    rejections: new Set(
      looked.flatMap(({ offer, reasons }) => reasons.map((reason) => toldOf(offer, reason))),
    ),
    refusal: tree ? whyNobody(one, tree) : (refusals[0] ?? 'PRIVACY_UNMET'),
    limits: first?.limits,
    isOneOnly: wishes.allowsFallbacks === false && wishes.order === undefined,
    judgements,
    wishes,
  };
}

function nobody(refusal: string): Expected {
  return {
    tree: undefined,
    routes: [],
    upstreams: [],
    rejections: new Set(),
    refusal,
    limits: undefined,
    isOneOnly: false,
    judgements: [],
    wishes: {},
  };
}

export function toldOf({ provider, model, through }: OracleOffer, reason: string): Told {
  const by = through ? ` by ${through.username}/import/${through.name}` : '';
  return `${provider.username}/${provider.name} ${model}${by}: ${reason}`;
}

function fitsIn(one: PlanCase, tree: Tree) {
  return offersIn(tree).map((offer) => ({ offer, ...fitOf(one, offer) }));
}

/** Those whom a private request is kept from. */
function hiddenFrom(trees: readonly Tree[], isSecret: boolean) {
  const offers = isSecret ? offersIn({ inOrder: trees }) : [];
  return offers
    .filter((offer) => !keepsSecrets(offer))
    .map((offer) => ({ offer, upstreams: [], reasons: ['not_private'] }));
}

function whyNobody(one: PlanCase, tree: Tree): string | undefined {
  const fits = fitsIn(one, tree);
  if (fits.some(({ upstreams }) => upstreams.length > 0)) return undefined;
  return refusalOf(
    offersIn(tree),
    fits.flatMap(({ reasons }) => reasons),
    one.facts.endpoint,
  );
}

/** What is held for these: what the dearest of them takes at most, within what the buyer wants to spend. */
export function holdOf(one: PlanCase, offers: readonly Pick<OracleOffer, 'prices'>[]): bigint {
  const { facts, settings, usualOutput } = one;
  const output = outputHeld(facts, settings, usualOutput);
  let hold = 0n;
  for (const { prices } of offers) {
    const cost = costAtMost(prices, facts, output);
    if (cost > hold) hold = cost;
  }
  const most = facts.costMax === undefined ? hold : BigInt(facts.costMax);
  return most < hold ? most : hold;
}
