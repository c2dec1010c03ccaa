import { randomUUID } from 'node:crypto';
import { CallGate, FakeUpstream, MarketUnderTest, type TestBuyer, until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import {
  beginBatch,
  chatLines,
  endedBatch,
  idsOf,
  outcomesIn,
  tokensOfLine,
} from './batch-calls.js';

/** A nano-dollar a token. */
const prices = { prompt: 1_000_000n, completion: 1_000_000n };
const costOfLine = tokensOfLine.prompt + tokensOfLine.completion;
/** Much less than a hold lives: who takes a batch over waits for no hold. */
const claimMs = 2_000;
/** Where a line's outcome and its charge are told of. */
const lineDoor = /\/batch-work\/batch_[0-9a-f]+\/lines\//;

let market: MarketUnderTest;
let upstream: FakeUpstream;
let gate: CallGate;
/** What the model `held` waits for. */
let release = () => {};
let released: Promise<void>;

const sdk = ({ apiToken }: TestBuyer) =>
  new OpenAI({ apiKey: apiToken, baseURL: `${market.url}/v1`, maxRetries: 0 });

beforeAll(async () => {
  gate = await CallGate.start();
  [market, upstream] = await Promise.all([
    MarketUnderTest.start({
      serviceEnv: {
        gateway: {
          GATEWAY_ACCOUNTS_URL: gate.url,
          GATEWAY_BATCH_CLAIM_MS: String(claimMs),
          GATEWAY_BATCH_SWEEP_MS: '200',
          GATEWAY_BATCH_RETRY_MS: '200',
        },
      },
    }),
    FakeUpstream.start(['plain', 'held']),
  ]);
  gate.leadTo(market.market.environment('router').ROUTER_ACCOUNTS_URL);
  upstream.on('held', async (call) => {
    await released;
    await call.answer(['A ', 'fake ', 'answer ', 'of ', 'seven ', 'plain ', 'words.']);
  });
  const hosted = await market.operator.createHttpProvider('hosted', upstream.url, [
    'plain',
    'held',
  ]);
  for (const model of ['plain', 'held']) await market.operator.putListing(hosted, model, prices);
}, 90_000);

afterAll(async () => {
  release();
  const wrongs = await market?.stop();
  await Promise.all([upstream?.stop(), gate?.close()]);
  expect(wrongs).toEqual([]);
}, 60_000);

function hold(): void {
  ({ promise: released, resolve: release } = Promise.withResolvers<void>());
}

async function buyer() {
  const one = await market.buyer(`buyer-${randomUUID().slice(0, 8)}`);
  await market.untilBuyable(one, 'hosted/plain', 'hosted/held');
  const { posted } = await market.restingWallet(one);
  return { one, client: sdk(one), posted };
}

/** Each line has its outcome, and of each its buyer was charged once, and of nothing else. */
async function expectExact(
  { one, client, posted }: Awaited<ReturnType<typeof buyer>>,
  batchId: string,
  count: number,
): Promise<void> {
  const done = await endedBatch(client, batchId);
  expect(done).toMatchObject({
    ...{ status: 'completed', error_file_id: null },
    request_counts: { total: count, completed: count, failed: 0 },
  });
  const outcomes = await outcomesIn(client, done.output_file_id);
  expect(idsOf(outcomes)).toEqual(chatLines(count, '').map((line) => line.custom_id));
  const charges = await market.query<{ id: string; captured: string }>(
    'SELECT id, captured FROM receipt WHERE owner_id = $1 AND captured > 0 ORDER BY id',
    [one.ownerId],
  );
  const paid = outcomes.map(({ response }) => response?.request_id).sort();
  expect(charges.map(({ id }) => id)).toEqual(paid);
  expect(new Set(charges.map(({ captured }) => captured))).toEqual(new Set([String(costOfLine)]));
  expect(await market.query('SELECT FROM hold WHERE owner_id = $1', [one.ownerId])).toEqual([]);
  const wallet = await market.wallet(one);
  expect(wallet).toMatchObject({ posted: posted - BigInt(count) * costOfLine, held: 0n });
  expect(await market.violations()).toEqual([]);
}

describe('a gateway that dies', () => {
  it.each([
    ['before it could tell of a line', 'call'],
    ['after it has told of a line, and before it has heard so', 'answer'],
  ] as const)(
    '%s leaves none unpaid and none paid twice',
    async (_name, at) => {
      const buying = await buyer();
      gate.stop({ path: lineDoor, at });
      const made = await beginBatch(buying.client, chatLines(12, 'hosted/plain'));
      await until(() => gate.stoppedCount >= 4, { message: 'four lines are told of' });
      await market.market.services.gateway.kill();
      gate.open();
      await market.market.services.gateway.restart();
      await expectExact(buying, made.id, 12);
    },
    60_000,
  );

  it('again and again, wherever it is, leaves none unpaid and none paid twice', async () => {
    const buying = await buyer();
    const { gateway } = market.market.services;
    const made = await beginBatch(buying.client, chatLines(40, 'hosted/plain'));
    for (const least of [1, 12, 25]) {
      await until(async () => {
        const [batch] = await market.query<{ completed: number }>(
          'SELECT completed FROM batch WHERE id = $1',
          [made.id],
        );
        return (batch?.completed ?? 0) >= least;
      });
      await gateway.kill();
      await gateway.restart();
    }
    await expectExact(buying, made.id, 40);
  }, 90_000);

  it('in the middle of its lines has them run again as soon as its claim is over', async () => {
    const buying = await buyer();
    hold();
    const before = upstream.callsOf('held').length;
    const made = await beginBatch(buying.client, chatLines(6, 'hosted/held'));
    await until(() => upstream.callsOf('held').length - before === 4);
    await market.market.services.gateway.kill();
    await market.market.services.gateway.restart();
    await until(() => upstream.callsOf('held').length - before === 8, {
      timeoutMs: 10 * claimMs,
      message: 'its four lines run again',
    });
    release();
    await expectExact(buying, made.id, 6);
  }, 60_000);
});

it('lets go of lines that it runs when somebody else has their batch', async () => {
  const buying = await buyer();
  hold();
  const before = upstream.callsOf('held').length;
  const made = await beginBatch(buying.client, chatLines(6, 'hosted/held'));
  const calls = () => upstream.callsOf('held').slice(before);
  await until(() => calls().length === 4);
  await market.query(
    'UPDATE batch SET claimed_by = $2, claimed_until = clock_timestamp() WHERE id = $1',
    [made.id, randomUUID()],
  );
  await until(() => calls().length === 8, { message: 'whoever has it now runs them' });
  await until(() => calls().filter((call) => call.isUnderWay).length === 4);
  release();
  await expectExact(buying, made.id, 6);
}, 60_000);
