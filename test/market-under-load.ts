import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { FakeUpstream, MarketUnderTest, type TestBuyer, until } from '@aisbf/testkit';
import { expect } from '@jest/globals';
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
const recoveryMsMax = 20_000;

/** Most come through the broker, some go around it. */
const models = ['sams/plain', 'sams/plain', 'sams/plain', 'hosted/plain'];

export type Victim = Readonly<{ kill: () => Promise<void>; restart: () => Promise<void> }>;

/** A market with servers of its own and twenty buyers of one stream after the other, any part of which may die. */
export class MarketUnderLoad {
  private constructor(
    readonly market: MarketUnderTest,
    private readonly upstream: FakeUpstream,
    private readonly buyers: readonly TestBuyer[],
  ) {}

  static async start(): Promise<MarketUnderLoad> {
    const [market, upstream] = await Promise.all([
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
    const buyers = await Promise.all(
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
    return new MarketUnderLoad(market, upstream, buyers);
  }

  /** Ends it all; gives what went wrong unseen. */
  async stop() {
    const wrongs = await this.market.stop();
    await this.upstream.stop();
    return wrongs;
  }

  /** Redis and NATS, which lose all that they had. */
  get forgetfulServers(): Victim {
    const { redis, nats } = this.market.market.servers;
    return {
      kill: async () => {
        await Promise.all([redis.daemon?.kill(), nats.daemon?.kill()]);
        // Redis has nothing on disk.
        await rm(join(this.market.market.dataDir, 'nats'), { recursive: true });
      },
      restart: async () => {
        await Promise.all([redis.daemon?.restart(), nats.daemon?.restart()]);
      },
    };
  }

  get postgres(): Victim {
    const { daemon } = this.market.market.servers.postgres;
    if (!daemon) throw new Error('Postgres is not ours.');
    return daemon;
  }

  /** Kills it while the buyers are in the middle of their streams, and brings it back. */
  async kill(victim: Victim): Promise<{ load: Load; killedAtMs: number }> {
    const load = new Load(this.market.url, this.buyers, models);
    await load.untilAllSucceed(recoveryMsMax);
    const underWay = () => this.upstream.calls.filter((call) => call.isUnderWay);
    await until(() => underWay().length >= buyersCount / 2, {
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
  async chargedAndServed(load: Load) {
    const served = load.successes.map(({ end }) => String(end.headers['x-request-id']));
    const asked = new Set(load.ends.map(({ end }) => String(end.headers['x-request-id'])));
    const entries = await ledgerEntries(this.market);
    for (const { captured, transactions } of entries) {
      expect(['0', String(charge)]).toContain(captured);
      expect(transactions).toBe(captured === '0' ? 0 : 1);
    }
    const charged = entries.filter(({ id, captured }) => asked.has(id) && captured !== '0');
    return { charged: charged.map(({ id }) => id).sort(), served: served.sort() };
  }

  /** Whoever got all of an answer pays for it, as soon as the report has arrived; nobody else ever does. */
  async expectEachServedToPay(load: Load): Promise<void> {
    await until(async () => {
      const { charged, served } = await this.chargedAndServed(load);
      return charged.length >= served.length;
    });
    const { charged, served } = await this.chargedAndServed(load);
    expect(charged).toEqual(served);
    expect(served.length).toBeLessThan(load.ends.length);
  }

  /** Waits until nothing is open any more: then every wallet is exact, and nothing was open for too long. */
  async expectExactAtRest(): Promise<void> {
    const { market } = this;
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
    for (const buyer of this.buyers) {
      const [row] = await market.query<{ charged: string }>(
        'SELECT coalesce(sum(captured), 0)::text AS charged FROM receipt WHERE owner_id = $1',
        [buyer.ownerId],
      );
      const posted = credit - BigInt(row?.charged ?? 0);
      expect(await market.wallet(buyer)).toEqual({ posted, held: 0n });
    }
    expect(await market.violations()).toEqual([]);
  }
}
