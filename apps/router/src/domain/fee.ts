import type { Listing } from './catalogue.js';
import { inForceAt, type Schedule } from './schedule.js';
import type { OwnFee } from './term.js';

/** Whose rule a fee follows: the listing's own comes before its seller's, and that before the installation's. */
export type FeeSource = 'listing' | 'seller' | 'default';

export type Fee = Readonly<{ feeBps: number; feeSource: FeeSource }>;

/** All that decides a listing's fee. */
export type FeeRules = Readonly<{
  listing: Listing['fees'];
  seller: Schedule<OwnFee>;
  feeBpsDefault: number;
}>;

/** What the platform keeps of a sale at this moment. */
export function feeAt({ listing, seller, feeBpsDefault }: FeeRules, nowMs: number): Fee {
  const ofListing = inForceAt(listing, nowMs)?.value ?? null;
  if (ofListing !== null) return { feeBps: ofListing, feeSource: 'listing' };
  const ofSeller = inForceAt(seller, nowMs)?.value ?? null;
  if (ofSeller !== null) return { feeBps: ofSeller, feeSource: 'seller' };
  return { feeBps: feeBpsDefault, feeSource: 'default' };
}

/** The fees that are to come, each from its moment on, whichever rule makes the difference. */
export function feesAhead(
  rules: FeeRules,
  nowMs: number,
): readonly (Fee & Readonly<{ validFromMs: number }>)[] {
  const moments = [...rules.listing, ...rules.seller]
    .map(({ validFromMs }) => validFromMs)
    .filter((moment) => moment > nowMs);
  const ordered = [...new Set(moments)].sort((left, right) => left - right);
  let former = feeAt(rules, nowMs);
  return ordered.flatMap((validFromMs) => {
    const fee = feeAt(rules, validFromMs);
    const isChange = fee.feeBps !== former.feeBps || fee.feeSource !== former.feeSource;
    former = fee;
    return isChange ? [{ ...fee, validFromMs }] : [];
  });
}
