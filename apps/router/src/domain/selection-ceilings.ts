import type { CandidateFacts, CeilingName, Selection } from '@aisbf/contracts';
import { parseNanos } from '@aisbf/money';
import { isTooDear } from './price-limit.js';
import { fromPricesText } from './prices-text.js';

type Ceilings = Selection['ceilings'];
type Check = (candidate: CandidateFacts, ceilings: Ceilings) => boolean;

/**
 * Whether each of them is broken. What is not known of a candidate breaks a ceiling that asks for it: a promise
 * is kept only by whoever is known to keep it.
 */
const isBroken: Readonly<Record<Exclude<CeilingName, 'not_private'>, Check>> = {
  price: ({ prices }, { pricesMax }) =>
    pricesMax !== undefined && isTooDear(fromPricesText(prices), { pricesMax, promptTokens: 0 }),
  cost: ({ expectedCost }, { expectedCostMax }) =>
    expectedCostMax !== undefined && parseNanos(expectedCost) > parseNanos(expectedCostMax),
  first_token: ({ firstMs }, { firstMsMax }) =>
    firstMsMax !== undefined && (firstMs === null || firstMs > firstMsMax),
  context: ({ contextTokens }, { contextTokensMin }) =>
    contextTokensMin !== undefined && (contextTokens === null || contextTokens < contextTokensMin),
  capability: ({ isDeclared }, ceilings) => ceilings.isDeclared === true && !isDeclared,
  region: ({ region }, { regions }) =>
    regions !== undefined && (region === null || !regions.includes(region)),
  source: ({ source }, { sources }) => sources !== undefined && !sources.includes(source),
};

/** Listed once: this is asked of every candidate. */
const checks = Object.entries(isBroken) as readonly (readonly [CeilingName, Check])[];

/** All that stands against a candidate; nobody is let in who has anything here. */
export function brokenCeilings(
  candidate: CandidateFacts,
  ceilings: Ceilings,
  isPrivate: boolean,
): CeilingName[] {
  const broken: CeilingName[] = isPrivate && !candidate.isDiscreet ? ['not_private'] : [];
  for (const [name, check] of checks) {
    if (check(candidate, ceilings)) broken.push(name);
  }
  return broken;
}
