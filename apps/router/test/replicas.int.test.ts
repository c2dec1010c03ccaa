import { CatalogueServed, internalPaths, subjects } from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { admitRequest, presentSession } from './admit-request.js';
import { type FakeBroker, startFakeBroker } from './fake-broker.js';
import { type Harness, type RunningRouter, startHarness } from './running-router.js';

type Person = ReturnType<Harness['accounts']['token']>;

const model = 'llama3:8b';
const silenceMsMax = 1_500;
let harness: Harness;
let routers: RunningRouter[];
let broker: FakeBroker;
let [operator, seller, buyer]: Person[] = [];
let providers: string[];

beforeAll(async () => {
  harness = await startHarness();
  routers = [];
  for (let count = 0; count < 3; count += 1) routers.push(await anotherRouter());
  broker = startFakeBroker(harness.bus);
  operator = harness.accounts.token('global');
  seller = harness.accounts.token('seller');
  buyer = harness.accounts.token('buyer');
  providers = [await onSale('one'), await onSale('two')];
  await lead(0);
  for (const router of routers) await until(async () => (await order(router)).length === 2);
});

afterAll(async () => {
  broker.stop();
  await harness.stop();
});

const anotherRouter = () =>
  harness.router({
    // Changes are heard of: looking for them would come far too late here.
    ROUTER_CATALOGUE_POLL_MS: '60000',
    ROUTER_REPLICA_BEAT_MS: '200',
    ROUTER_REPLICA_SILENCE_MS_MAX: String(silenceMsMax),
    ROUTER_BROKER_SILENCE_MS_MAX: '86400000',
  });

const call = (at: number, method: string, path: string, body?: unknown, by = seller) =>
  routers[at % routers.length]?.call(by?.apiToken ?? '', method, path, body);

async function onSale(name: string): Promise<string> {
  const created = await call(0, 'POST', '/api/catalog/providers', { kind: 'coderai', name });
  const { provider } = created?.body ?? {};
  await call(0, 'PUT', '/api/catalog/listings', { providerId: provider.id, model, prices: {} });
  broker.up(presentSession(provider, [model], { sessionId: provider.id }));
  return provider.id;
}

/** Has this one of the two asked first, by way of any of the routers. */
const lead = (first: number, at = 0) =>
  call(at, 'PUT', '/api/catalog/rotations/mix', {
    members: providers.map((providerId, which) => ({
      ...{ providerId, model, weight: 1 },
      priority: which === first ? 0 : 1,
    })),
  });

async function order(router: RunningRouter): Promise<string[]> {
  const request = admitRequest(buyer?.apiToken ?? '', 'seller/rotation/mix');
  const { body } = await router.internal(internalPaths.routerAdmit, request);
  return (body.candidates ?? []).map(({ providerId }: { providerId: string }) => providerId);
}

const revision = async (at: number, by = operator) =>
  (await call(at, 'GET', '/api/catalog/revision', undefined, by))?.body;

const untilServedByAll = (at: number) => until(async () => (await revision(at)).isServedByAll);

describe('a change of the catalogue, at one of three routers', () => {
  it('is planned with by each of them once any of them says that all serve it', async () => {
    await untilServedByAll(0);
    for (let change = 0; change < 12; change += 1) {
      const first = (change + 1) % 2;
      expect((await lead(first, change))?.status).toBe(200);
      await untilServedByAll(change + 1);
      // Not waited for: it was acknowledged.
      const orders = await Promise.all(routers.map(order));
      expect(orders.map(([leader]) => leader)).toEqual(routers.map(() => providers[first]));
    }
  });

  it('is waited for by all, each by its own word', async () => {
    const before = await revision(0);
    await lead(0);
    const after = await until(async () => {
      const told = await revision(1);
      return told.isServedByAll && told;
    });
    expect(after.revision).toBeGreaterThan(before.revision);
    expect(after.replicas).toHaveLength(3);
    for (const replica of after.replicas) expect(replica.revision).toBe(after.revision);
  });

  it('is not served by all while one is behind, until that one serves it, leaves, or is gone', async () => {
    await untilServedByAll(0);
    const { revision: newest } = await revision(0);
    const say = (isLeaving: boolean, served: number) => {
      const told: CatalogueServed = {
        ...{ type: 'catalogue-served', replicaId: 'straggler' },
        ...{ revision: served, isLeaving },
      };
      harness.bus.publish(subjects.catalogueServed, told);
    };
    const untilBehind = () => until(async () => !(await revision(0)).isServedByAll);
    say(false, newest - 1);
    await untilBehind();
    say(false, newest);
    await untilServedByAll(0);
    say(false, newest - 1);
    await untilBehind();
    say(true, newest - 1);
    await untilServedByAll(0);
    say(false, newest - 1);
    await untilBehind();
    await untilServedByAll(0);
    expect((await revision(0)).replicas).toHaveLength(3);
  });

  it('counts a router that comes, and none that has left', async () => {
    const router = await anotherRouter();
    await until(async () => (await revision(0)).replicas.length === 4);
    await router.close();
    await until(async () => (await revision(0)).replicas.length === 3);
  });

  it('tells everybody who manages something whether it is served, and operators by whom', async () => {
    await untilServedByAll(0);
    const told = await revision(0, seller);
    expect(told).toEqual({ revision: expect.any(Number), isServedByAll: true });
    expect((await routers[0]?.get('/api/catalog/revision'))?.status).toBe(401);
  });
});
