import { Fault } from '@aisbf/faults';
import { faults } from './faults.js';
import type { RejectionReason, UpstreamRejection } from './upstream.js';

/** What a buyer has wished for that rules somebody out, by its name in a request. */
const wishOfReason: Partial<Record<RejectionReason, string>> = {
  ignored: 'ignore',
  not_wanted: 'only or allow_fallbacks',
  data_collected: 'data_collection',
  data_retained: 'zdr',
  region_differs: 'region',
  quantization_differs: 'quantizations',
  parameters_unsupported: 'require_parameters',
};

/** A limit of the price is a wish too, but has a refusal of its own where it alone is in the way. */
const priceLimit = 'max_price or max_cost';

export function isWish(reason: RejectionReason): boolean {
  return wishOfReason[reason] !== undefined;
}

/**
 * For a request that would be refused at any time: each wish by name, and how many of those to whom the route leads it
 * rules out. Who stumbles over something else is counted by that.
 */
export function wishesUnmet(rejections: readonly UpstreamRejection[]): Fault {
  const wishes = new Map<string, number>();
  const others = new Map<string, number>();
  for (const { reason } of rejections) {
    // Workers that lack the model altogether say nothing of the request.
    if (reason === 'not_offered') continue;
    const wish = reason === 'price_above_max' ? priceLimit : wishOfReason[reason];
    const counts = wish === undefined ? others : wishes;
    counts.set(wish ?? reason, (counts.get(wish ?? reason) ?? 0) + 1);
  }
  const fault = faults.WISHES_UNMET({ param: 'provider' });
  const rest = others.size > 0 ? `; for other reasons ${told(others)}` : '';
  return new Fault({
    ...fault.toData(),
    message: `${fault.message} Out by ${told(wishes)}${rest}.`,
  });
}

/** `zdr: 2, region: 1`, the commonest first. */
function told(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .sort(([left, most], [right, more]) => more - most || (left < right ? -1 : 1))
    .map(([name, count]) => `${name}: ${count}`)
    .join(', ');
}
