import { Listing } from '@aisbf/contracts';
import { FakeUpstream, MarketUnderTest, type TestBuyer, until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type StreamEnd, streamChat } from './chat-stream.js';

let market: MarketUnderTest;
let upstream: FakeUpstream;
let rich: TestBuyer;
let listing: Listing;
let gate: PromiseWithResolvers<void>;

const model = 'long';
/** One token. */
const word = ' word';
/** What each answer has before the change and after it; the hold pays for fewer at first. */
const [wordsBefore, wordsAfter, heldAtFirst] = [150, 250, 100];
/** "Go on." in one message's frame, and the whole answer. */
const tokens = 10 + wordsBefore + wordsAfter;

beforeAll(async () => {
  [market, upstream] = await Promise.all([
    MarketUnderTest.start({
      serviceEnv: {
        router: {
          ROUTER_OUTPUT_TOKENS_DEFAULT: String(heldAtFirst),
          ROUTER_OUTPUT_TOKENS_SMALL: '50',
          ROUTER_USUAL_ANSWERS_MIN: '100',
        },
        gateway: { GATEWAY_HOLD_STEP_TOKENS: '64', GATEWAY_HOLD_MARGIN_TOKENS: '16' },
        accounts: { ACCOUNTS_LEASE_KEEP: '2' },
      },
    }),
    FakeUpstream.start([model]),
  ]);
  gate = Promise.withResolvers();
  upstream.on(model, async (call) => {
    await call.say(...Array(wordsBefore).fill(word));
    await gate.promise;
    await call.say(...Array(wordsAfter).fill(word));
    await call.finish();
  });
  rich = await market.buyer('rich');
  const providerId = await market.operator.createHttpProvider('hosted', upstream.url, [model]);
  listing = await put(providerId, '1000000');
  await market.untilBuyable(rich, `hosted/${model}`);
}, 90_000);

afterAll(async () => {
  gate?.resolve();
  const wrongs = await market?.stop();
  await upstream?.stop();
  expect(wrongs).toEqual([]);
}, 60_000);

/** The same for every token. */
function put(providerId: string, price: string, validFrom?: string): Promise<Listing> {
  return market.operator.call('PUT', '/api/catalog/listings', Listing, {
    ...{ providerId, model, ...(validFrom && { validFrom }) },
    prices: { prompt_token: price, completion_token: price },
  });
}

const putFee = (feeBps: number) =>
  market.operator.call('PUT', `/api/catalog/listings/${listing.id}/fee`, Listing, { feeBps });

type Running = Readonly<{ end: Promise<StreamEnd>; heard: () => number }>;

function ask(fields: Record<string, unknown> = {}, buyer = rich): Running {
  let text = '';
  const onText = (part: string) => {
    text += part;
  };
  const request = { url: market.url, apiToken: buyer.apiToken, model: `hosted/${model}`, fields };
  return { end: streamChat({ ...request, onText }), heard: () => text.split(word).length - 1 };
}

type Charged = Readonly<{ charge: string; fee: string; lease_id: string | null }>;

async function chargedFor({ end }: Running, buyer = rich): Promise<Charged> {
  const { headers, isSuccess } = await end;
  expect(isSuccess).toBe(true);
  const requestId = String(headers['x-request-id']);
  await market.receipt(buyer, requestId, 20_000);
  const [row] = await market.query<Charged>(
    'SELECT captured AS charge, fee, lease_id FROM receipt WHERE id = $1',
    [requestId],
  );
  if (!row) throw new Error(`${requestId} has no receipt`);
  return row;
}

describe('a price that changes while requests run', () => {
  it('is not theirs, nor is the fee: their holds grow and are settled at those of admission', async () => {
    gate.resolve();
    // So that a lease pays for some of the next.
    for (let count = 0; count < 3; count += 1) await ask().end;
    gate = Promise.withResolvers();
    const running = Array.from({ length: 8 }, () => ask());
    // The first of an API token is always paid for by a hold of its own.
    const fresh = await market.buyer('fresh');
    const held = ask({}, fresh);
    for (const { heard } of [...running, held]) await until(() => heard() === wordsBefore);

    await put(listing.providerId, '10000000');
    expect(await putFee(5_000)).toMatchObject({
      prices: { prompt_token: '10000000' },
      ...{ feeBps: 5_000, feeSource: 'listing' },
    });
    gate.resolve();
    const charged = await Promise.all(running.map((one) => chargedFor(one)));
    charged.push(await chargedFor(held, fresh));
    const fee = String(Math.floor((tokens * 500) / 10_000));
    for (const one of charged) expect(one).toMatchObject({ charge: String(tokens), fee });
    expect(charged.some(({ lease_id }) => lease_id !== null)).toBe(true);
    expect(charged.at(-1)?.lease_id).toBeNull();

    const next = await chargedFor(ask());
    expect(next).toMatchObject({ charge: String(tokens * 10), fee: String(tokens * 5) });
  }, 60_000);

  it('begins for the next ones when its moment comes, and nobody does anything then', async () => {
    const validFrom = new Date(Date.now() + 2_000).toISOString();
    await put(listing.providerId, '3000000', validFrom);
    gate = Promise.withResolvers();
    const before = ask();
    await until(() => before.heard() === wordsBefore);
    await until(() => Date.now() > Date.parse(validFrom));
    const after = ask();
    await until(() => after.heard() === wordsBefore);
    gate.resolve();
    const [first, second] = await Promise.all([chargedFor(before), chargedFor(after)]);
    expect(first?.charge).toBe(String(tokens * 10));
    expect(second?.charge).toBe(String(tokens * 3));
    const dear = await ask({ provider: { max_price: { completion: 0.002_9 } } }).end;
    expect([dear.status, dear.error?.code]).toEqual([400, 'price_above_max']);
  }, 60_000);
});
