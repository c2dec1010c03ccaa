import { CreatedRegistration, WorkerSessions } from '@aisbf/contracts';
import type { Service, WorkerProcess } from '@aisbf/one-machine';
import {
  FakeUpstream,
  FakeWorker,
  FirstOf,
  MarketUnderTest,
  type TestBuyer,
  type TestShop,
  until,
} from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type StreamEnd, streamChat } from './chat-stream.js';
import { unevenPrices } from './price.js';

let market: MarketUnderTest;
let buyer: TestBuyer;
let brokers: readonly [Service, Service];

/** What a buyer is told within, whatever dies. */
const toldMsMax = 2_000;
/** Until everybody knows who is where again. */
const presenceMsMax = 15_000;

/** A seller whose worker prefers one broker, and goes to the other where that is gone. */
type Seller = Readonly<{
  shop: TestShop;
  upstream: FakeUpstream;
  worker: WorkerProcess;
  front: FirstOf;
  home: Service;
}>;
let sellers: readonly Seller[] = [];

const words = ['One ', 'two ', 'three.'] as const;
const routes = ['sam/provider/shop/plain', 'sue/provider/shop/plain', 'rotation/both'] as const;

async function openSeller(username: string, home: Service, other: Service): Promise<Seller> {
  const [upstream, front] = await Promise.all([
    FakeUpstream.start(['plain']),
    FirstOf.start([home.url, other.url]),
  ]);
  const shop = await market.shop(username, 'shop', ['plain'], unevenPrices);
  const env = {
    WORKER_MARKET_URL: front.url,
    WORKER_CONCURRENCY: '32',
    WORKER_RECONNECT_MS_MIN: '100',
    WORKER_RECONNECT_MS_MAX: '400',
  };
  const worker = await market.worker(shop, `machine-${username}`, {
    upstreamUrl: upstream.url,
    env,
  });
  return { shop, upstream, worker, front, home };
}

beforeAll(async () => {
  market = await MarketUnderTest.start({
    // A machine that was just lost is asked last for a moment; these tests want to meet it again.
    serviceEnv: { router: { ROUTER_COOLDOWN_MS_BASE: '1', ROUTER_COOLDOWN_MS_MAX: '1' } },
  });
  brokers = [market.market.services.broker, await market.anotherBroker()];
  const [one, other] = brokers;
  buyer = await market.buyer('alice');
  sellers = await Promise.all([openSeller('sam', one, other), openSeller('sue', other, one)]);
  const members = sellers.map(({ shop: { providerId } }) => ({ providerId, model: 'plain' }));
  await market.operator.putRotation('both', members);
  await market.untilBuyable(buyer, ...routes);
}, 90_000);

beforeEach(() => {
  for (const { upstream } of sellers) upstream.on('plain', (call) => call.answer(words));
});

afterAll(async () => {
  const wrongs = await market?.stop();
  await Promise.all(sellers.flatMap(({ upstream, front }) => [upstream.stop(), front.stop()]));
  expect(wrongs).toEqual([]);
}, 60_000);

const stream = (model: string) => streamChat({ url: market.url, apiToken: buyer.apiToken, model });

/** The same request many times at once; `user` tells which they are. */
const askOften = (count: number, model: string, user: string, onText?: (text: string) => void) =>
  Array.from({ length: count }, () =>
    streamChat({
      ...{ url: market.url, apiToken: buyer.apiToken, model },
      fields: { user },
      ...(onText && { onText }),
    }),
  );

/** The sessions that this very broker holds; asked for all, it tells of the other's too. */
const sessionsAt = async (broker: Service): Promise<string> => {
  const headers = { authorization: `Bearer ${market.operator.apiToken}` };
  const response = await fetch(`${broker.url}/api/coderai/broker/sessions`, { headers });
  const { sessions, answered_by } = WorkerSessions.parse(await response.json());
  return JSON.stringify(sessions.filter(({ broker_id }) => broker_id === answered_by));
};

describe('kill -9 of one of two brokers', () => {
  it.each(['sam', 'sue'])(
    'takes nothing from buyers that the broker of %s had not begun to serve, and ends the rest as failed',
    async (name) => {
      const [victim, survivor] = pair(name);
      await until(async () => (await sessionsAt(victim.home)).includes(`machine-${name}`));
      expect(await sessionsAt(survivor.home)).not.toContain(`machine-${name}`);
      const begun = { half: 0, alone: 0, both: 0 };
      let isKilled = false;
      for (const seller of sellers) {
        seller.upstream.on('plain', async (call) => {
          if (seller !== victim || isKilled) return call.answer(words);
          const name = String(call.body.user) as keyof typeof begun;
          if (name === 'half') await call.say('Half ', 'an ');
          begun[name] += 1;
          await until(() => call.isLeft, { timeoutMs: 30_000 });
        });
      }
      const own = `${name}/provider/shop/plain`;
      let halvesHeard = 0;
      let bothsServed = 0;
      const half = askOften(8, own, 'half', (text) => {
        if (text.includes('an ')) halvesHeard += 1;
      });
      const alone = askOften(8, own, 'alone');
      // Whoever of these comes to the victim waits there.
      const both = askOften(16, 'rotation/both', 'both');
      for (const end of both) void end.then(() => (bothsServed += 1));
      const isUnderWay = () =>
        halvesHeard === 8 && begun.alone === 8 && begun.both > 0 && begun.both + bothsServed === 16;
      await until(isUnderWay, { message: 'all of them are under way' });

      const killedAtMs = performance.now();
      isKilled = true;
      await victim.home.kill('SIGKILL');
      const [halves, alones, boths] = await Promise.all([half, alone, both].map(allOf));
      expect(performance.now() - killedAtMs).toBeLessThan(toldMsMax);

      for (const end of halves ?? []) {
        expect(end).toMatchObject({ status: 200, isSuccess: false, text: 'Half an ' });
        expect(end.events).not.toContain('[DONE]');
        expect(end.error).toMatchObject({ type: 'upstream_error', code: 'stream_cut' });
      }
      for (const end of alones ?? []) {
        expect(end.status).toBeGreaterThanOrEqual(500);
        expect(end.error).toMatchObject({ code: expect.any(String), type: expect.any(String) });
      }
      for (const end of boths ?? []) {
        expect(end).toMatchObject({ isSuccess: true, text: words.join('') });
        expect(end.headers['x-aisbf-provider']).toBe(`${survivor.shop.username}/shop`);
      }
      const moved = (boths ?? []).filter(({ headers }) => headers['x-aisbf-attempts'] === '2');
      expect(moved).toHaveLength(begun.both);

      await expectBackAtTheOther(victim, survivor, killedAtMs);
      await victim.home.restart();
      await victim.worker.restart();
      await until(async () => (await sessionsAt(victim.home)).includes(`machine-${name}`));
      await market.untilBuyable(buyer, ...routes);
    },
    60_000,
  );
});

function pair(name: string): readonly [victim: Seller, survivor: Seller] {
  const victim = sellers.find(({ shop }) => shop.username === name);
  const survivor = sellers.find(({ shop }) => shop.username !== name);
  if (!victim || !survivor) throw new Error('There are no two sellers.');
  return [victim, survivor];
}

const allOf = (ends: readonly Promise<StreamEnd>[]) => Promise.all(ends);

/** Its worker serves again through the other broker, and nobody is sent to the one that is gone. */
async function expectBackAtTheOther(victim: Seller, survivor: Seller, killedAtMs: number) {
  victim.upstream.on('plain', (call) => call.answer(words));
  const own = `${victim.shop.username}/provider/shop/plain`;
  const servedAtOnce = async () => {
    const end = await stream(own);
    return end.isSuccess && end.headers['x-aisbf-attempts'] === '1';
  };
  await until(servedAtOnce, { timeoutMs: presenceMsMax });
  expect(performance.now() - killedAtMs).toBeLessThan(presenceMsMax);
  expect(await sessionsAt(survivor.home)).toContain(`machine-${victim.shop.username}`);
}

describe('revoking one of two registrations of a provider', () => {
  it('ends the sessions that came with it at both brokers within a second, and no others', async () => {
    const shop = await market.shop('syd', 'syds', ['fleet'], unevenPrices);
    const seller = market.operator;
    const path = `/api/catalog/providers/${shop.providerId}/registrations`;
    const created = await seller.call('POST', path, CreatedRegistration);
    const workers = await Promise.all(
      [shop.registrationToken, created.registrationToken].flatMap((registrationToken, which) =>
        brokers.map((broker, index) =>
          FakeWorker.connect({
            marketUrl: broker.url,
            scope: 'syd',
            provider: 'syds',
            clientId: `machine-${which}-${index}`,
            registrationToken,
          }),
        ),
      ),
    );
    const revoked = workers.slice(2);
    const kept = workers.slice(0, 2);
    const finishing = new Map<FakeWorker, (() => void)[]>(workers.map((worker) => [worker, []]));
    const runningAt = (some: readonly FakeWorker[]) =>
      some.flatMap((worker) => finishing.get(worker) ?? []);
    for (const worker of workers) {
      worker.on('chat.completions', (frame) => {
        worker.chunk(frame, 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n');
        finishing.get(worker)?.push(() => worker.reply(frame, { event: 'done', payload: {} }));
      });
      worker.register(['fleet'], { server: 'fake', concurrency: 50 });
    }
    await until(async () => {
      const all = (await Promise.all(brokers.map(sessionsAt))).join('');
      return all.split('"fleet"').length > workers.length;
    });
    await market.untilBuyable(buyer, 'syds/fleet');
    /** Asks for one stream after the other until each of these has one under way. */
    const busy = async (some: readonly FakeWorker[]): Promise<Promise<StreamEnd>[]> => {
      const streams: Promise<StreamEnd>[] = [];
      await until(
        async () => {
          const before = runningAt(workers).length;
          streams.push(stream('syds/fleet'));
          await until(() => runningAt(workers).length > before);
          return some.every((worker) => runningAt([worker]).length > 0);
        },
        { message: 'every worker streams' },
      );
      return streams;
    };
    const streams = await busy(workers);
    const cutCount = runningAt(revoked).length;

    const revokedAtMs = performance.now();
    const response = await fetch(`${market.url}${path}/${created.registration.id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${seller.apiToken}` },
    });
    expect(response.status).toBe(204);
    expect(await Promise.all(revoked.map((worker) => worker.ended()))).toEqual([4003, 4003]);
    expect(performance.now() - revokedAtMs).toBeLessThan(1_000);
    // A new attempt with the same token is refused, at either.
    for (const { url: marketUrl } of brokers) {
      const identity = { marketUrl, scope: 'syd', provider: 'syds', clientId: 'machine-1-0' };
      const { registrationToken } = created;
      const again = FakeWorker.connect({ ...identity, registrationToken });
      await expect(again).rejects.toMatchObject({ status: 401 });
    }
    for (const finish of runningAt(kept)) finish();
    const ends = await Promise.all(streams);
    const cut = ends.filter(({ isSuccess }) => !isSuccess);
    expect(cut.map(({ error }) => error?.code)).toEqual(Array(cutCount).fill('stream_cut'));

    for (const worker of workers) finishing.set(worker, []);
    const next = await busy(kept);
    for (const finish of runningAt(kept)) finish();
    for (const end of await Promise.all(next)) expect(end.isSuccess).toBe(true);
    expect(kept.map(({ closeCode }) => closeCode)).toEqual([undefined, undefined]);
    for (const worker of kept) worker.stop();
  }, 30_000);
});
