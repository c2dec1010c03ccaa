import type { CandidateFacts, CeilingName, Selection } from '@aisbf/contracts';
import { parseNanos } from '@aisbf/money';
import { isTooDear } from './price-limit.js';
import { fromPricesText } from './prices-text.js';

type Ceilings = Selection['ceilings'];

/** One that is set, and whether a candidate breaks it. */
type Check = Readonly<{ name: CeilingName; isBroken: (candidate: CandidateFacts) => boolean }>;

const none: CeilingName[] = [];

/** Tells all that stands against a candidate; nobody is let in who has anything here. Ceilings are read once for all of them. */
export function brokenBy(
  ceilings: Ceilings,
  isPrivate: boolean,
): (candidate: CandidateFacts) => CeilingName[] {
  const checks = [...moneyChecks(ceilings), ...otherChecks(ceilings)];
  if (isPrivate) checks.unshift({ name: 'not_private', isBroken: (one) => !one.isDiscreet });
  if (checks.length === 0) return () => none;
  return (candidate) => {
    let broken = none;
    for (const { name, isBroken } of checks) {
      if (isBroken(candidate)) broken = [...broken, name];
    }
    return broken;
  };
}

function moneyChecks({ pricesMax, expectedCostMax }: Ceilings): Check[] {
  const checks: Check[] = [];
  if (pricesMax !== undefined) {
    const limit = { pricesMax, promptTokens: 0 };
    const isBroken: Check['isBroken'] = ({ prices }) => isTooDear(fromPricesText(prices), limit);
    checks.push({ name: 'price', isBroken });
  }
  if (expectedCostMax !== undefined) {
    const most = parseNanos(expectedCostMax);
    checks.push({ name: 'cost', isBroken: ({ expectedCost }) => parseNanos(expectedCost) > most });
  }
  return checks;
}

/** What is not known of a candidate breaks what asks for it: a promise is kept only by whoever is known to keep it. */
function otherChecks({
  firstMsMax,
  contextTokensMin,
  isDeclared,
  regions,
  sources,
}: Ceilings): Check[] {
  const checks: Check[] = [];
  const add = (name: CeilingName, isBroken: Check['isBroken']) => checks.push({ name, isBroken });
  if (firstMsMax !== undefined) {
    add('first_token', ({ firstMs }) => firstMs === null || firstMs > firstMsMax);
  }
  if (contextTokensMin !== undefined) {
    add('context', (one) => one.contextTokens === null || one.contextTokens < contextTokensMin);
  }
  if (isDeclared === true) add('capability', (one) => !one.isDeclared);
  if (regions !== undefined) {
    add('region', ({ region }) => region === null || !regions.includes(region));
  }
  if (sources !== undefined) add('source', ({ source }) => !sources.includes(source));
  return checks;
}
