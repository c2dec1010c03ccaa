import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { FakeUpstream, MarketUnderTest, type TestBuyer, until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Load, ledgerEntries } from './load.js';
import { costOf, unevenPrices } from './price.js';

const buyersCount = 20;
const credit = 1_000_000_000n;
const words = Array.from({ length: 12 }, (_, index) => ` word${index}`);
/** "Go on." in one message's frame, and twelve words with their numbers. */
const charge = costOf({ prompt_token: 10, completion_token: 24 });

/** Long enough for a service to come back, short enough to be waited for. */
const holdTtlMs = 20_000;
/** What the lease of a killed router covers is held for so much longer. */
const leaseIssueMsMax = 5_000;
/** How long after its expiry a hold may still be open. */
const openAfterExpiryMsMax = 60_000;
/** What ends together with the gateway may be lost between its last byte and its report. */
const lostWithinMs = 2_000;
const recoveryMsMax = 20_000;

let market: MarketUnderTest;
let upstream: FakeUpstream;
let buyers: readonly TestBuyer[] = [];

beforeAll(async () => {
  [market, upstream] = await Promise.all([
    MarketUnderTest.start({
      hasOwnServers: true,
      serviceEnv: {
        router: {
          ROUTER_TOTAL_MS_MAX: '10000',
          ROUTER_FIRST_BYTE_MS_MAX: '5000',
          ROUTER_HOLD_TTL_MS: String(holdTtlMs),
          ROUTER_COOLDOWN_MS_MAX: '2000',
          ROUTER_LEASE_ISSUE_MS_MAX: String(leaseIssueMsMax),
        },
        accounts: { ACCOUNTS_REAPER_INTERVAL_MS: '250' },
      },
    }),
    FakeUpstream.start(['plain']),
  ]);
  upstream.on('plain', async (call) => {
    for (const word of words) {
      await call.say(word);
      await pause(30);
    }
    await call.finish();
  });
  buyers = await Promise.all(
    Array.from({ length: buyersCount }, (_, index) => market.buyer(`buyer-${index}`, { credit })),
  );
  const shop = await market.shop('sam', 'sams', ['plain'], unevenPrices);
  const env = {
    WORKER_CONCURRENCY: '32',
    WORKER_RECONNECT_MS_MIN: '100',
    WORKER_RECONNECT_MS_MAX: '400',
  };
  await market.worker(shop, 'machine', { upstreamUrl: upstream.url, env });
  const hosted = await market.operator.createHttpProvider('hosted', upstream.url, ['plain']);
  await market.operator.putListing(hosted, 'plain', unevenPrices);
  for (const buyer of buyers) await market.untilBuyable(buyer, ...models);
}, 90_000);

/** Most come through the broker, some go around it. */
const models = ['sams/plain', 'sams/plain', 'sams/plain', 'hosted/plain'];

afterAll(async () => {
  const wrongs = await market?.stop();
  await upstream?.stop();
  expect(wrongs).toEqual([]);
}, 60_000);

type Victim = Readonly<{ kill: () => Promise<void>; restart: () => Promise<void> }>;

/** Kills it while twenty buyers are in the middle of their streams, and brings it back. */
async function killUnderLoad(victim: Victim): Promise<{ load: Load; killedAtMs: number }> {
  const load = new Load(market.url, buyers, models);
  await load.untilAllSucceed(recoveryMsMax);
  await until(() => upstream.calls.filter((call) => call.isUnderWay).length >= buyersCount / 2, {
    message: 'half of the buyers are in mid-stream',
  });
  const killedAtMs = Date.now();
  await victim.kill();
  await load.untilFailures(5);
  await victim.restart();
  await load.untilAllSucceed(recoveryMsMax);
  await load.stop();
  return { load, killedAtMs };
}

/** The ids of requests that were charged for, and those whose buyers got all of their answer. */
async function chargedAndServed(load: Load) {
  const served = load.successes.map(({ end }) => String(end.headers['x-request-id']));
  const asked = new Set(load.ends.map(({ end }) => String(end.headers['x-request-id'])));
  const entries = await ledgerEntries(market);
  for (const { captured, transactions } of entries) {
    expect(['0', String(charge)]).toContain(captured);
    expect(transactions).toBe(captured === '0' ? 0 : 1);
  }
  const charged = entries.filter(({ id, captured }) => asked.has(id) && captured !== '0');
  return { charged: charged.map(({ id }) => id).sort(), served: served.sort() };
}

/** Whoever got all of an answer pays for it, as soon as the report has arrived; nobody else ever does. */
async function expectEachServedToPay(load: Load): Promise<void> {
  await until(async () => {
    const { charged, served } = await chargedAndServed(load);
    return charged.length >= served.length;
  });
  const { charged, served } = await chargedAndServed(load);
  expect(charged).toEqual(served);
  expect(served.length).toBeLessThan(load.ends.length);
}

describe('kill -9 under the load of twenty buyers', () => {
  it.each(['broker', 'router', 'accounts'] as const)(
    'of the %s: whoever got a whole answer pays for it once, and nobody else pays',
    async (name) => {
      const { load } = await killUnderLoad(market.market.services[name]);
      await expectEachServedToPay(load);
    },
    60_000,
  );

  it('of Postgres: the services stay, and the charges are the same', async () => {
    const { daemon } = market.market.servers.postgres;
    if (!daemon) throw new Error('Postgres is not ours.');
    const pids = () => Object.values(market.market.services).map(({ pid }) => pid);
    const before = pids();
    const { load } = await killUnderLoad(daemon);
    await expectEachServedToPay(load);
    // Streams that had begun went on; the others were told to come again.
    for (const { end } of load.ends.filter((one) => !one.end.isSuccess)) {
      expect(end).toMatchObject({ status: 503, headers: { 'x-should-retry': 'true' } });
    }
    expect(pids()).toEqual(before);
  }, 60_000);

  it('of Redis and NATS, with all they had: the charges are the same', async () => {
    const { redis, nats } = market.market.servers;
    const { load } = await killUnderLoad({
      kill: async () => {
        await Promise.all([redis.daemon?.kill(), nats.daemon?.kill()]);
        // Redis has nothing on disk.
        await rm(join(market.market.dataDir, 'nats'), { recursive: true });
      },
      restart: async () => {
        await Promise.all([redis.daemon?.restart(), nats.daemon?.restart()]);
      },
    });
    await expectEachServedToPay(load);
  }, 60_000);

  it('of the gateway: nobody pays twice or for a part, and only the last moment can be lost', async () => {
    const { load, killedAtMs } = await killUnderLoad(market.market.services.gateway);
    const lost = async () => {
      const { charged, served } = await chargedAndServed(load);
      expect(charged.filter((id) => !served.includes(id))).toEqual([]);
      return load.successes.filter(
        ({ end }) => !charged.includes(String(end.headers['x-request-id'])),
      );
    };
    const isOfTheLastMoment = ({ atMs }: { atMs: number }) =>
      Math.abs(atMs - killedAtMs) < lostWithinMs;
    await until(async () => (await lost()).every(isOfTheLastMoment));
  }, 60_000);

  it('leaves no hold open past its expiry, and every wallet exact', async () => {
    const open = `SELECT id FROM hold UNION ALL SELECT id FROM lease WHERE state <> 'closed'`;
    await until(async () => (await market.query(open)).length === 0, {
      timeoutMs: leaseIssueMsMax + holdTtlMs + openAfterExpiryMsMax,
      message: 'every hold and every lease has ended',
    });
    const late = await market.query(
      `SELECT id FROM receipt WHERE resolved_at > created_at + $1 * interval '1 ms'`,
      [holdTtlMs + openAfterExpiryMsMax],
    );
    expect(late).toEqual([]);
    for (const buyer of buyers) {
      const [row] = await market.query<{ charged: string }>(
        'SELECT coalesce(sum(captured), 0)::text AS charged FROM receipt WHERE owner_id = $1',
        [buyer.ownerId],
      );
      const posted = credit - BigInt(row?.charged ?? 0);
      expect(await market.wallet(buyer)).toEqual({ posted, held: 0n });
    }
    expect(await market.violations()).toEqual([]);
  }, 120_000);
});
