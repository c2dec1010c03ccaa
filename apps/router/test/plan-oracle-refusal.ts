import type { EndpointName } from '@aisbf/contracts';
import type { OracleOffer } from './plan-oracle-offers.js';

/** What no waiting mends, and how the buyer is told. */
const lasting: Readonly<Record<string, string>> = {
  frame_too_large: 'REQUEST_TOO_LARGE',
  context_too_small: 'PROMPT_TOO_LONG',
  input_unsupported: 'INPUT_UNSUPPORTED',
  tools_unsupported: 'TOOLS_UNSUPPORTED',
  output_unsupported: 'ENDPOINT_UNSUPPORTED',
  endpoint_unsupported: 'ENDPOINT_UNSUPPORTED',
  endpoint_not_allowed: 'ENDPOINT_UNSUPPORTED',
  price_above_max: 'PRICE_ABOVE_MAX',
  price_above_import_max: 'PRICE_ABOVE_MAX',
};

/** What the buyer itself rules out: that lasts too, and is told so. */
const wishes: readonly string[] = [
  ...['ignored', 'not_wanted', 'data_collected', 'data_retained'],
  ...['region_differs', 'quantization_differs', 'parameters_unsupported'],
];

/** What a buyer is told where nobody of these can serve. */
export function refusalOf(
  offers: readonly OracleOffer[],
  reasons: readonly string[],
  endpoint: EndpointName,
): string {
  const isAll = (reason: string) => reasons.every((each) => each === reason);
  if (isAll('not_offered') && offers.every(({ isOwn }) => isOwn)) return 'MODEL_NOT_FOUND';
  if (isAll('rate_reached')) return 'PROVIDER_RATE_REACHED';
  // Workers that lack the model say nothing of the request.
  const told = reasons.filter((reason) => reason !== 'not_offered');
  if (told.length === 0) return 'NO_CANDIDATE';
  const unfit = told.filter((reason) => !wishes.includes(reason));
  if (unfit.some((reason) => !(reason in lasting))) return 'NO_CANDIDATE';
  if (unfit.length < told.length) return 'WISHES_UNMET';
  const codes = new Set(told.map((reason) => lasting[reason]));
  if (codes.size > 1) return 'NO_WORKER_FITS';
  const [code = ''] = codes;
  const isChat = endpoint === 'chat.completions';
  return isChat && code === 'ENDPOINT_UNSUPPORTED' ? 'CHAT_UNSUPPORTED' : code;
}
