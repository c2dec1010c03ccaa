import type { EndpointName } from '@aisbf/contracts';
import type { Fault } from '@aisbf/faults';
import { faults } from './faults.js';
import type { Offer } from './offer.js';
import type { RejectionReason, UpstreamRejection } from './upstream.js';
import { isWish, wishesUnmet } from './wish-refusal.js';

/** What waiting does not mend: the request asks for what nobody who has the model does. */
const faultOfReason: Partial<Record<RejectionReason, () => Fault>> = {
  frame_too_large: faults.REQUEST_TOO_LARGE,
  context_too_small: faults.PROMPT_TOO_LONG,
  input_unsupported: faults.INPUT_UNSUPPORTED,
  tools_unsupported: faults.TOOLS_UNSUPPORTED,
  price_above_max: faults.PRICE_ABOVE_MAX,
  price_above_import_max: faults.PRICE_ABOVE_MAX,
};

const unsupportedReasons: ReadonlySet<RejectionReason> = new Set<RejectionReason>([
  'output_unsupported',
  'endpoint_unsupported',
  'endpoint_not_allowed',
]);

function lastingFault(reason: RejectionReason, endpoint: EndpointName): (() => Fault) | undefined {
  if (!unsupportedReasons.has(reason)) return faultOfReason[reason];
  return endpoint === 'chat.completions' ? faults.CHAT_UNSUPPORTED : faults.ENDPOINT_UNSUPPORTED;
}

/** Says why nobody is left, as far as the buyer may know: all rejections are of what the buyer sees. */
export function refusal(
  offers: readonly Offer[],
  rejections: readonly UpstreamRejection[],
  endpoint: EndpointName,
): Fault {
  const reasons = new Set(rejections.map(({ reason }) => reason));
  const isOwn = offers.every(({ isOwn }) => isOwn);
  if (isOwn && reasons.size === 1 && reasons.has('not_offered')) return faults.MODEL_NOT_FOUND();
  if (reasons.size === 1 && reasons.has('rate_reached')) {
    return faults.PROVIDER_RATE_REACHED({ retryAfterMs: 1000 });
  }
  // Workers that lack the model altogether say nothing of the request.
  const telling = [...reasons].filter((reason) => reason !== 'not_offered');
  const unfit = telling.filter((reason) => !isWish(reason));
  const lasting = new Set(unfit.map((reason) => lastingFault(reason, endpoint)));
  if (unfit.length < telling.length && !lasting.has(undefined)) return wishesUnmet(rejections);
  const [first] = lasting;
  if (first && lasting.size === 1) return first();
  if (first && !lasting.has(undefined))
    return faults.NO_WORKER_FITS({ reasons: telling.sort().join(',') });
  return faults.NO_CANDIDATE({ reasons: [...reasons].sort().join(','), retryAfterMs: 1000 });
}
