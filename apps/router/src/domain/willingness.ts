import type { Choice } from './choice.js';
import type { Upstreams } from './known-offer.js';
import { type LaidChoice, laidOut } from './laid-choice.js';
import { toRejection, type UpstreamRejection } from './upstream.js';
import { type Asking, upstreamsOf } from './upstreams.js';

/** Who can serve what a choice leads to. */
export type Willingness = Readonly<{
  laid: LaidChoice;
  /** By the places of the offers. */
  found: readonly Upstreams[];
  /** The places of those of whose upstreams something is remembered, in their order. */
  remembered: readonly number[];
  /** Who cannot serve: one an offer and reason. */
  rejected: readonly Rejected[];
}>;

type Rejected = Readonly<{ place: number; reason: Upstreams['reasons'][number] }>;

/** Asks each offer of a choice once. */
export function willingnessOf(choice: Choice, asking: Asking): Willingness {
  const laid = laidOut(choice);
  const remembered: number[] = [];
  const rejected: Rejected[] = [];
  const found = laid.offers.map((known, place) => {
    const upstreams = upstreamsOf(known, asking);
    if (upstreams.remembered.length > 0) remembered.push(place);
    for (const reason of upstreams.reasons) rejected.push({ place, reason });
    return upstreams;
  });
  return { laid, found, remembered, rejected };
}

/** The rejections in the words that a buyer is told them in. Made only as far as somebody wants to know. */
export function* rejectionsIn({ laid, rejected }: Willingness): Generator<UpstreamRejection> {
  for (const { place, reason } of rejected) {
    const known = laid.offers[place];
    if (known) yield toRejection(known.offer, reason);
  }
}
