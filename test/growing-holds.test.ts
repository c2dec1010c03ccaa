import { UsageChecks } from '@aisbf/contracts';
import { FakeUpstream, MarketUnderTest, type TestBuyer, until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type StreamEnd, streamChat } from './chat-stream.js';

let market: MarketUnderTest;
let upstream: FakeUpstream;
let rich: TestBuyer;

/** A nano-dollar a token. */
const prices = { prompt: 1_000_000n, completion: 1_000_000n };
/** "Go on." in one message's frame. */
const promptTokens = 10;
/** One token. */
const word = ' word';
const heldAtFirst = 100;
const step = 64;
const models = ['long', 'endless', 'liar'];

beforeAll(async () => {
  [market, upstream] = await Promise.all([
    MarketUnderTest.start({
      serviceEnv: {
        router: {
          ROUTER_OUTPUT_TOKENS_DEFAULT: String(heldAtFirst),
          ROUTER_OUTPUT_TOKENS_SMALL: '50',
          ROUTER_USAGE_REQUESTS: '5',
        },
        gateway: { GATEWAY_HOLD_STEP_TOKENS: String(step), GATEWAY_HOLD_MARGIN_TOKENS: '16' },
        accounts: { ACCOUNTS_LEASE_KEEP: '2' },
      },
    }),
    FakeUpstream.start(models),
  ]);
  upstream.on('long', (call) => call.answer(Array(400).fill(word)));
  upstream.on('liar', (call) =>
    call.answer([word], { usage: '{"prompt_tokens":10,"completion_tokens":900}' }),
  );
  upstream.on('endless', async (call) => {
    while (!call.isLeft) await call.say(...Array(50).fill(word));
  });
  rich = await market.buyer('rich');
  const hosted = await market.operator.createHttpProvider('hosted', upstream.url, models);
  for (const model of models) await market.operator.putListing(hosted, model, prices);
  await market.untilBuyable(rich, ...models.map((model) => `hosted/${model}`));
}, 90_000);

afterAll(async () => {
  const wrongs = await market?.stop();
  await upstream?.stop();
  expect(wrongs).toEqual([]);
}, 60_000);

const ask = (buyer: TestBuyer, model: string, fields: Record<string, unknown> = {}) =>
  streamChat({ url: market.url, apiToken: buyer.apiToken, model: `hosted/${model}`, fields });

const wordsOf = ({ text }: StreamEnd) => text.length / word.length;

const receiptOf = (buyer: TestBuyer, { headers }: StreamEnd) =>
  market.receipt(buyer, String(headers['x-request-id']), 20_000);

const noticeOf = ({ events }: StreamEnd) => JSON.parse(events.at(-2) ?? '{}').x_aisbf?.notice;

describe('a hold', () => {
  it('grows with its stream, and is given back but for what was delivered', async () => {
    const { posted } = await market.restingWallet(rich);
    const end = await ask(rich, 'long', { max_tokens: 64_000 });
    expect(end).toMatchObject({ isSuccess: true, text: word.repeat(400) });
    const receipt = await receiptOf(rich, end);
    const charge = BigInt(promptTokens + 400);
    expect(receipt).toMatchObject({ charge: String(charge), finishReason: 'stop' });
    // It has grown by whole steps, and no further than one ahead.
    const grown = Number(receipt.hold) - promptTokens - heldAtFirst;
    expect(grown % step).toBe(0);
    expect(Number(receipt.hold)).toBeLessThan(Number(charge) + 2 * step);
    expect((await market.restingWallet(rich)).posted).toBe(posted - charge);
  });

  it('does so for many streams at once, also where a lease has paid for them', async () => {
    const { posted } = await market.restingWallet(rich);
    for (let count = 0; count < 3; count += 1) await ask(rich, 'long');
    const ends = await Promise.all(Array.from({ length: 12 }, () => ask(rich, 'long')));
    expect(ends.every(({ isSuccess }) => isSuccess)).toBe(true);
    const receipts = await Promise.all(ends.map((end) => receiptOf(rich, end)));
    expect(new Set(receipts.map(({ charge }) => charge))).toEqual(new Set(['410']));
    const [leased] = await market.query<{ count: string }>(
      'SELECT count(*) FROM receipt WHERE owner_id = $1 AND lease_id IS NOT NULL AND amount > $2',
      [rich.ownerId, promptTokens + heldAtFirst],
    );
    expect(Number(leased?.count)).toBeGreaterThan(0);
    const spent = 15n * BigInt(promptTokens + 400);
    expect((await market.restingWallet(rich)).posted).toBe(posted - spent);
  });

  it('grows no further than the wallet: the stream ends there, and is paid for to the last unit', async () => {
    const credit = 1_000n;
    const poor = await market.buyer('poor', { credit });
    const end = await ask(poor, 'endless', { max_tokens: 64_000 });
    expect(end.isSuccess).toBe(true);
    expect(noticeOf(end)).toBe('balance_exhausted');
    const words = wordsOf(end);
    expect(words).toBeLessThanOrEqual(Number(credit) - promptTokens);
    // What is left would not have paid for the smallest step.
    expect(words).toBeGreaterThan(Number(credit) - promptTokens - 16);
    expect(await receiptOf(poor, end)).toMatchObject({
      outcome: 'completed',
      finishReason: 'length',
      charge: String(promptTokens + words),
      units: { completion_token: words },
    });
    expect(await market.restingWallet(poor)).toEqual({
      posted: credit - BigInt(promptTokens + words),
      held: 0n,
    });
  });

  it('lets streams share a wallet, and never spends more than there is', async () => {
    const credit = 3_000n;
    const shared = await market.buyer('shared', { credit });
    const ends = await Promise.all(Array.from({ length: 5 }, () => ask(shared, 'endless')));
    for (const end of ends) expect(end.isSuccess).toBe(true);
    const receipts = await Promise.all(ends.map((end) => receiptOf(shared, end)));
    const charged = receipts.reduce((sum, { charge }) => sum + BigInt(charge), 0n);
    const delivered = ends.reduce((sum, end) => sum + wordsOf(end) + promptTokens, 0);
    expect(charged).toBe(BigInt(delivered));
    expect(charged).toBeLessThanOrEqual(credit);
    const left = credit - charged;
    expect((await market.restingWallet(shared)).posted).toBe(left);
  });

  it('needs no money for what a client only names', async () => {
    const careful = await market.buyer('careful', { credit: 200n });
    const end = await ask(careful, 'endless', { max_tokens: 10_000_000 });
    expect([end.status, wordsOf(end) >= heldAtFirst]).toEqual([200, true]);
    await receiptOf(careful, end);
  });

  it("keeps to the buyer's own limit of the cost", async () => {
    const end = await ask(rich, 'endless', { max_cost: '250' });
    expect(noticeOf(end)).toBe('max_cost_reached');
    expect(wordsOf(end)).toBe(240);
    expect(await receiptOf(rich, end)).toMatchObject({ charge: '250' });
    const refused = await ask(rich, 'endless', {
      provider: { max_price: { completion: 0.000_9 } },
    });
    expect([refused.status, refused.error?.code]).toEqual([400, 'price_above_max']);
  });
});

describe('a seller who counts too much', () => {
  const path = '/api/catalog/usage-checks';

  it('is paid by our count, and gets no more requests until an operator allows it', async () => {
    for (let count = 0; count < 5; count += 1) {
      const receipt = await receiptOf(rich, await ask(rich, 'liar'));
      expect(receipt).toMatchObject({
        charge: String(promptTokens + 1),
        reported: { promptTokens: 10, completionTokens: 900 },
      });
    }
    const refused = await until(async () => {
      const end = await ask(rich, 'liar');
      return end.status === 503 && end;
    });
    expect(refused.error?.code).toBe('no_candidate');
    const { usageChecks } = await market.operator.call('GET', path, UsageChecks);
    expect(usageChecks).toMatchObject([{ model: 'liar', state: 'paused', requests: 5 }]);
    const [check] = usageChecks;
    const lifted = { providerId: check?.providerId, model: 'liar' };
    await fetch(`${market.url}${path}/lift`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${market.operator.apiToken}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(lifted),
    });
    await until(async () => (await ask(rich, 'liar')).status === 200);
  });
});
