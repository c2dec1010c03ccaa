import type {
  MarketListing as ListingMessage,
  ListMarket,
  MarketPage as PageMessage,
  Prices as PricesText,
} from '@aisbf/contracts';
import { costOf, type Prices } from '@aisbf/money';
import { factsOf, medians, type PaceOf, providerRoute } from './callable-models.js';
import { listingNameText } from './listing-name.js';
import { type MarketSale, marketSales } from './market-sales.js';
import { toPolicyMessage } from './policy-message.js';
import { exceeds } from './price-limit.js';
import { toPricesText } from './prices-text.js';
import { openPolicy } from './provider-policy.js';
import type { RouteScope } from './scope.js';

/** Where a listing stands in the order that is asked for: by the rank, and among equals by the name. */
type Place = Readonly<{ rank: bigint; name: string }>;
type Placed = Place & Readonly<{ sale: MarketSale }>;

/** What listings are compared by in price: a little of everything, so that what is not text has a price too. */
const comparedUnits = {
  request: 1,
  prompt_token: 1_000,
  completion_token: 1_000,
  image: 1,
  audio_second: 1,
  video_second: 1,
};

/** What of the market fits the question, from where an earlier page has ended. */
export function marketPage(
  scope: RouteScope,
  paceOf: PaceOf,
  question: ListMarket,
  pricesMax: Prices,
): PageMessage {
  const { limit, cursor } = question;
  const from = cursor === undefined ? undefined : fromCursor(cursor);
  const fits = filterOf(question, pricesMax);
  const found = marketSales(scope)
    .filter(fits)
    .map((sale) => ({ sale, rank: rankOf(sale, question.sort, paceOf), name: nameOf(sale) }))
    .filter((one) => !from || comparePlaces(from, one) < 0)
    .sort(comparePlaces);
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return {
    listings: page.flatMap((one) => toListing(one, scope, paceOf) ?? []),
    nextCursor: last && found.length > page.length ? toCursor(last) : null,
  };
}

function nameOf({ provider, model }: MarketSale): string {
  return listingNameText({ owner: provider.username, provider: provider.name, model });
}

function filterOf(question: ListMarket, pricesMax: Prices): (sale: MarketSale) => boolean {
  const { inputs = [], outputs = [], contextLengthMin = 0, region, seller } = question;
  const text = question.text?.toLowerCase() ?? '';
  return ({ provider, model, prices, told }) => {
    const { isCollected, isRetained, region: place } = provider.data;
    return (
      model.toLowerCase().includes(text) &&
      (seller ?? provider.username) === provider.username &&
      (question.provider ?? provider.name) === provider.name &&
      (region ?? place) === place &&
      (!question.zdr || isRetained === false) &&
      (!question.noCollection || isCollected === false) &&
      (told?.contextLength ?? 0) >= contextLengthMin &&
      inputs.every((word) => told?.facts.inputs?.includes(word)) &&
      outputs.every((word) => told?.facts.outputs?.includes(word)) &&
      !exceeds(prices, pricesMax)
    );
  };
}

/** The ceilings of a question, which has one by each unit's name. */
export function ceilingsOf(question: ListMarket): PricesText {
  return {
    prompt_token: question.max_prompt_token,
    cached_prompt_token: question.max_cached_prompt_token,
    completion_token: question.max_completion_token,
    reasoning_token: question.max_reasoning_token,
    image: question.max_image,
    audio_second: question.max_audio_second,
    video_second: question.max_video_second,
    request: question.max_request,
  };
}

/** The least comes first. Who was not measured is slower than whoever was. */
function rankOf(
  { provider, model, prices }: MarketSale,
  sort: ListMarket['sort'],
  paceOf: PaceOf,
): bigint {
  switch (sort) {
    case 'price':
      return costOf(comparedUnits, prices);
    case 'speed':
      return -BigInt(Math.round((paceOf(provider.id, model)?.tokensPerS?.p50 ?? 0) * 10));
    case 'name':
      return 0n;
    default:
      return sort satisfies never;
  }
}

function comparePlaces(left: Place, right: Place): number {
  if (left.rank !== right.rank) return left.rank < right.rank ? -1 : 1;
  if (left.name === right.name) return 0;
  return left.name < right.name ? -1 : 1;
}

function toCursor({ rank, name }: Place): string {
  return `${rank}.${Buffer.from(name).toString('base64url')}`;
}

/** The form was looked at when the question was parsed. */
function fromCursor(text: string): Place {
  const [rank = '', name = ''] = text.split('.');
  return { rank: BigInt(rank), name: Buffer.from(name, 'base64url').toString() };
}

/** Neither ids nor addresses: nothing that is its owner's alone. */
function toListing(
  { sale, name }: Placed,
  scope: RouteScope,
  paceOf: PaceOf,
): ListingMessage | undefined {
  const { provider, model, prices, batchPercent, told } = sale;
  const route = providerRoute(provider, model, scope);
  if (route === undefined) return undefined;
  const { hours, endpoints, buyerRates } = toPolicyMessage(provider.policy ?? openPolicy);
  return {
    listing: name,
    route,
    seller: provider.username,
    provider: provider.name,
    model,
    source: provider.source.kind === 'coderai' ? 'workers' : 'hosted',
    isOwn: provider.ownerId === scope.buyer.ownerId,
    prices: toPricesText(prices),
    ...(batchPercent !== undefined && { batchPercent }),
    ...(told && factsOf(told)),
    ...medians(paceOf(provider.id, model)),
    policy: { data: provider.data, hours, endpoints, buyerRates },
  };
}
