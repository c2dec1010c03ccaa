import { FakeUpstream, MarketUnderTest, type TestBuyer, until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { streamChat } from './chat-stream.js';
import { unevenPrices } from './price.js';

let market: MarketUnderTest;
let upstream: FakeUpstream;
let buyer: TestBuyer;

beforeAll(async () => {
  [market, upstream] = await Promise.all([
    MarketUnderTest.start({ serviceEnv: { gateway: { GATEWAY_INTERNAL_TIMEOUT_MS: '1000' } } }),
    FakeUpstream.start(['plain']),
  ]);
  buyer = await market.buyer('alice');
  const hosted = await market.operator.createHttpProvider('hosted', upstream.url, ['plain']);
  await market.operator.putListing(hosted, 'plain', unevenPrices);
  await market.untilBuyable(buyer, 'hosted/plain');
}, 90_000);

afterAll(async () => {
  const wrongs = await market?.stop();
  await upstream?.stop();
  expect(wrongs).toEqual([]);
}, 60_000);

/** Keeps the wallet locked, so that whoever wants to hold money waits; gives the way to let go. */
async function lockWallet({ ownerId }: TestBuyer): Promise<() => Promise<void>> {
  const locked = market
    .query(
      'SELECT pg_sleep(60) FROM (SELECT FROM wallet WHERE owner_id = $1 FOR UPDATE) AS locked',
      [ownerId],
    )
    .catch((error: unknown) => error);
  const sleeper = await until(async () => {
    const [row] = await market.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()`,
    );
    return row;
  });
  return async () => {
    await market.query('SELECT pg_cancel_backend($1)', [sleeper.pid]);
    expect(await locked).toMatchObject({ code: '57014' });
  };
}

const buy = () => streamChat({ url: market.url, apiToken: buyer.apiToken, model: 'hosted/plain' });

describe('an admission that takes longer than the gateway waits', () => {
  it('leaves nothing held, though its hold comes after the buyer was refused', async () => {
    const { posted } = await market.restingWallet(buyer);
    const unlock = await lockWallet(buyer);
    const refused = await buy();
    expect(refused).toMatchObject({ isSuccess: false, status: 503 });
    await unlock();

    const withdrawn = await until(async () => {
      const rows = await market.query<{ state: string }>(
        "SELECT state FROM receipt WHERE 'request_withdrawn' IN (decline_code, finish_reason)",
      );
      return rows.length > 0 && rows;
    });
    // Whichever of the two had the ledger first.
    expect([[{ state: 'released' }], [{ state: 'declined' }]]).toContainEqual(withdrawn);
    expect(await market.query('SELECT FROM hold')).toEqual([]);
    expect(await market.restingWallet(buyer)).toEqual({ posted, held: 0n });
  }, 60_000);

  it('does not keep the buyer from the next request', async () => {
    expect(await buy()).toMatchObject({ isSuccess: true });
  });
});
