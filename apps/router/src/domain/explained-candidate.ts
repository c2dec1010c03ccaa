import type { ExplainedCandidate, RequestFacts } from '@aisbf/contracts';
import { costOf, dearestPrices, type Nanos } from '@aisbf/money';
import { labelOf } from './catalogue.js';
import { outputTokensHeld, unitsBefore } from './hold-amount.js';
import { toPricesText } from './prices-text.js';
import { importRouteOf } from './route-name.js';
import { roomOf } from './session-order.js';
import type { Surroundings, Upstream } from './upstream.js';

/** Tells a buyer what is known of a candidate: nothing that opens a door there. */
export function toExplained(
  upstream: Upstream,
  facts: RequestFacts,
  { paceOf }: Pick<Surroundings, 'paceOf'>,
  { holdAmount }: Readonly<{ holdAmount: Nanos }>,
): ExplainedCandidate {
  const { offer, modelThere, endpoint, coolUntilMs, target } = upstream;
  const { throughImport } = offer;
  const session = target.kind === 'session' ? target.present.session : undefined;
  const pace = paceOf(offer.provider.id, offer.model, endpoint);
  return {
    provider: labelOf(offer.provider),
    model: modelThere,
    kind: target.kind,
    ...(endpoint !== facts.endpoint && { endpoint }),
    worker: session?.sessionId ?? null,
    isOwn: offer.isOwn,
    ...(throughImport && { import: importRouteOf(throughImport) }),
    prices: toPricesText(offer.prices),
    costMax: costMaxOf(upstream, facts, holdAmount).toString(),
    coolingUntil: coolUntilMs > 0 ? new Date(coolUntilMs).toISOString() : null,
    room: session ? roomOf(session) : null,
    firstMs: pace?.firstMs?.p50 ?? session?.measured?.firstMs ?? null,
    tokensPerSecond: pace?.tokensPerS?.p50 ?? null,
  };
}

function costMaxOf({ offer }: Upstream, facts: RequestFacts, holdAmount: Nanos): Nanos {
  const outputTokens = outputTokensHeld(holdAmount, facts, offer.prices) ?? 0;
  const units = { ...unitsBefore(facts), completion_token: outputTokens };
  const cost = costOf(units, dearestPrices(offer.prices));
  return cost < holdAmount ? cost : holdAmount;
}
