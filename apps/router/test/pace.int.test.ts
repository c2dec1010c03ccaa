import { type AttemptEnded, internalPaths, subjects } from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { admitRequest, presentSession } from './admit-request.js';
import { type FakeBroker, startFakeBroker } from './fake-broker.js';
import { type Harness, type RunningRouter, startHarness } from './running-router.js';

type Person = ReturnType<Harness['accounts']['token']>;
type Made = Readonly<{ id: string; ownerId: string; username: string }>;

const model = 'llama3:8b';
let harness: Harness;
let routers: RunningRouter[];
let broker: FakeBroker;
let [seller, buyer]: Person[] = [];
let made: Made[];

/** Three replicas, and two workers' providers of one seller in a rotation. */
beforeAll(async () => {
  harness = await startHarness();
  const settings = { ROUTER_PACE_REQUESTS_MIN: '5' };
  routers = [];
  for (let count = 0; count < 3; count += 1) routers.push(await harness.router(settings));
  broker = startFakeBroker(harness.bus);
  seller = harness.accounts.token('seller');
  buyer = harness.accounts.token('buyer');
  made = [await onSale('slow'), await onSale('fast')];
  for (const provider of made) {
    const measured = { requests: 50, successRate: 1, firstMs: 1_000, chunksPerSecond: 10 };
    broker.up(presentSession(provider, [model], { sessionId: provider.id, measured }));
  }
  const members = made.map(({ id }) => ({ providerId: id, model }));
  await manage('PUT', '/api/catalog/rotations/mix', { members });
  for (const router of routers) await until(async () => (await plan(router)).length === 2);
});

afterAll(async () => {
  broker.stop();
  await harness.stop();
});

const manage = async (method: string, path: string, body?: unknown, person = seller) =>
  routers[0]?.call(person?.apiToken ?? '', method, path, body);

async function onSale(name: string): Promise<Made> {
  const created = await manage('POST', '/api/catalog/providers', { kind: 'coderai', name });
  const { provider } = created?.body ?? {};
  const terms = { providerId: provider.id, model, prices: {} };
  await manage('PUT', '/api/catalog/listings', terms);
  return provider;
}

/** Who is asked, in order. */
async function plan(router: RunningRouter, preferences = {}): Promise<string[]> {
  const request = admitRequest(buyer?.apiToken ?? '', 'seller/rotation/mix', { preferences });
  const { body } = await router.internal(internalPaths.routerAdmit, request);
  return (body.candidates ?? []).map(({ providerId }: { providerId: string }) => providerId);
}

function streamed(provider: Made | undefined, changes: Partial<AttemptEnded>): void {
  const ended: AttemptEnded = {
    type: 'attempt-ended',
    providerId: provider?.id ?? '',
    model,
    sessionId: provider?.id ?? '',
    isSuccess: true,
    reason: null,
    retryAfterMs: null,
    firstByteMs: 100,
    streamMs: 1_000,
    outputTokens: 100,
    atMs: Date.now(),
    ...changes,
  };
  harness.bus.publish(subjects.attemptEnded, ended);
}

describe('pace', () => {
  it('orders candidates as the buyer wishes, on every replica', async () => {
    const [slow, fast] = made;
    for (let count = 0; count < 10; count += 1) {
      streamed(slow, { firstByteMs: 3_000, outputTokens: 20 });
      streamed(fast, {});
    }
    const isFastFirst = async (router: RunningRouter, preferences: object) => {
      const orders = await Promise.all(Array.from({ length: 8 }, () => plan(router, preferences)));
      return orders.every(([first]) => first === fast?.id);
    };
    for (const router of routers) {
      await until(() => isFastFirst(router, { sort: 'latency' }));
      expect(await isFastFirst(router, { sort: 'throughput' })).toBe(true);
      expect(await isFastFirst(router, { latencyMsMax: { p90: 500 } })).toBe(true);
      expect(await isFastFirst(router, { throughputMin: { p50: 50 } })).toBe(true);
    }
  });

  it('is told to the owner with its windows, within 5 percent', async () => {
    const path = `/api/catalog/providers/${made[1]?.id}/pace`;
    const answer = await until(async () => {
      const told = await manage('GET', path);
      return told?.body.models[0]?.windows[0].firstMs?.requests === 10 && told;
    });
    const [{ model: name, windows }] = answer.body.models;
    expect(name).toBe(model);
    expect(windows.map(({ window }: { window: string }) => window)).toEqual(['5m', '30m', '1d']);
    expect(windows[0].firstMs.p99).toBeGreaterThan(95);
    expect(windows[0].firstMs.p99).toBeLessThan(105);
    expect(windows[0].tokensPerS.p50).toBeGreaterThan(95);
    expect(windows[0].tokensPerS.p50).toBeLessThan(105);
  });

  it('is told to the owner with the reason of the last failure, also where nothing ever served', async () => {
    const created = await manage('POST', '/api/catalog/providers', {
      ...{ kind: 'openai', name: 'cloud', baseUrl: 'https://cloud.example/v1' },
      models: [{ name: 'ours', upstreamName: 'theirs' }, { name: 'unused' }],
    });
    const { provider } = created?.body ?? {};
    const failed = { isSuccess: false, model: 'theirs', sessionId: null, firstByteMs: null };
    const atMs = Date.parse('2026-11-26T12:00:00Z');
    streamed(provider, { ...failed, reason: 'egress_refused', atMs });
    const answer = await until(async () => {
      const told = await manage('GET', `/api/catalog/providers/${provider.id}/pace`);
      return told?.body.models.length > 0 && told;
    });
    expect(answer.body.models).toEqual([
      {
        model: 'ours',
        endpoint: 'chat.completions',
        windows: [],
        lastFailure: { reason: 'egress_refused', at: '2026-11-26T12:00:00.000Z' },
      },
    ]);
  });

  it('is told to buyers, the median alone', async () => {
    const [router] = routers;
    const request = {
      type: 'list-models',
      apiToken: buyer?.apiToken ?? '',
      pathUsername: null,
      clientAddress: '127.0.0.1',
    };
    const line = await until(async () => {
      const told = await router?.internal(internalPaths.routerModels, request);
      return told?.body.models.find(({ id }: { id: string }) => id === `fast/${model}`);
    });
    expect(line).toMatchObject({ firstMs: expect.any(Number), tokensPerS: expect.any(Number) });
    expect(Math.abs(line.firstMs - 100)).toBeLessThanOrEqual(5);
    expect(Math.abs(line.tokensPerS - 100)).toBeLessThanOrEqual(5);
  });

  it("is nobody else's business", async () => {
    const path = `/api/catalog/providers/${made[1]?.id}/pace`;
    expect(await manage('GET', path, undefined, buyer)).toMatchObject({
      status: 404,
      body: { error: { code: 'provider_not_found' } },
    });
    expect(await manage('GET', '/api/catalog/providers/nonsense/pace')).toMatchObject({
      status: 400,
    });
  });

  it('outlives messages from a gateway that says more than this router knows', async () => {
    const path = `/api/catalog/providers/${made[0]?.id}/pace`;
    const of = async () => (await manage('GET', path))?.body.models[0]?.windows[0].firstMs.requests;
    const before = await until(of);
    streamed(made[0], { aFieldOfTomorrow: 1 } as Partial<AttemptEnded>);
    await until(async () => (await of()) === before + 1);
  });
});
