import { type Choice, eachOffer } from './choice.js';
import type { Offer } from './offer.js';
import { toRejection, type UpstreamRejection } from './upstream.js';
import { type Asking, type Upstreams, upstreamsOf } from './upstreams.js';

/** Who can serve what a choice leads to. */
export type Willingness = Readonly<{
  /** In the order in which the choice names them. */
  byOffer: ReadonlyMap<Offer, Upstreams>;
  /** Those of them of whose upstreams something is remembered. */
  remembered: readonly Offer[];
  /** Some of them were come upon by an import, so that the same may be among them by itself. */
  hasImports: boolean;
}>;

/** Asks each offer of a choice once. */
export function willingnessOf(choice: Choice, asking: Asking): Willingness {
  const byOffer = new Map<Offer, Upstreams>();
  const remembered: Offer[] = [];
  let hasImports = false;
  eachOffer(choice, (offer) => {
    if (byOffer.has(offer)) return;
    const found = upstreamsOf(offer, asking);
    byOffer.set(offer, found);
    if (found.remembered.length > 0) remembered.push(offer);
    hasImports ||= offer.throughImport !== undefined;
  });
  return { byOffer, remembered, hasImports };
}

/** Who cannot serve, and why: one rejection an offer and reason. Made only as far as somebody wants to know. */
export function* rejectionsIn(byOffer: Willingness['byOffer']): Generator<UpstreamRejection> {
  for (const [offer, { reasons }] of byOffer) {
    for (const reason of reasons) yield toRejection(offer, reason);
  }
}
