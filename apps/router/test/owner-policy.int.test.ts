import { randomUUID } from 'node:crypto';
import { internalPaths, subjects, type UsageSettled } from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { admitRequest, presentSession } from './admit-request.js';
import { type FakeBroker, startFakeBroker } from './fake-broker.js';
import { type Harness, type RunningRouter, startHarness } from './running-router.js';

type Person = ReturnType<Harness['accounts']['token']>;
type Made = Readonly<{ id: string; ownerId: string; username: string }>;

const model = 'llama3:8b';
const providersPath = '/api/catalog/providers';
let harness: Harness;
let routers: [RunningRouter, RunningRouter];
let broker: FakeBroker;
let people: Readonly<Record<'seller' | 'friend' | 'stranger', Person>>;

beforeAll(async () => {
  harness = await startHarness();
  routers = [await harness.router(), await harness.router()];
  broker = startFakeBroker(harness.bus);
  const { token } = harness.accounts;
  people = { seller: token('seller'), friend: token('friend'), stranger: token('stranger') };
});

afterAll(async () => {
  broker.stop();
  await harness.stop();
});

const call = (person: Person, method: string, path: string, body?: unknown) =>
  routers[0].call(person.apiToken, method, path, body);

const create = (name: string, policy?: object) =>
  call(people.seller, 'POST', providersPath, { kind: 'coderai', name, ...(policy && { policy }) });

/** On sale, with a worker that both replicas know of. */
async function onSale(name: string, policy?: object): Promise<Made> {
  const provider: Made = (await create(name, policy)).body.provider;
  const listing = { providerId: provider.id, model, prices: {} };
  await call(people.seller, 'PUT', '/api/catalog/listings', listing);
  broker.up(presentSession(provider, [model], { sessionId: provider.id }));
  for (const router of routers) {
    await until(async () => (await admit(people.seller, name, router)).status === 200);
  }
  return provider;
}

async function admit(person: Person, name: string, router = routers[0], facts = {}) {
  const route = name.includes('/') ? name : `seller/provider/${name}/${model}`;
  const request = admitRequest(person.apiToken, route, facts);
  const { status, body } = await router.internal(internalPaths.routerAdmit, request);
  return { status, ...body };
}

async function routesOf(person: Person): Promise<string[]> {
  const { body } = await routers[0].internal(internalPaths.routerModels, {
    type: 'list-models',
    apiToken: person.apiToken,
    pathUsername: null,
  });
  return body.models.map(({ id }: { id: string }) => id);
}

/** All that is told of a decision, beside who might serve. */
async function explained(person: Person, route: string) {
  const { requestId: _id, ...question } = admitRequest(person.apiToken, route);
  const { status, body } = await routers[0].internal(internalPaths.routerExplain, {
    ...{ ...question, type: 'explain', seed: 'seed' },
  });
  return { status, text: JSON.stringify(body) };
}

/** How many of so many at once, over both replicas, are let in. */
async function letIn(person: Person, name: string, count: number): Promise<number> {
  const answers = await Promise.all(
    Array.from({ length: count }, (_, at) => admit(person, name, routers[at % 2])),
  );
  return answers.filter(({ status }) => status === 200).length;
}

function settled(requestId: string, providerId: string, tokens: number): void {
  const event: UsageSettled = {
    type: 'usage-settled',
    usages: [
      {
        requestId: requestId as `req_${string}`,
        ownerId: people.friend.principal.ownerId,
        apiTokenId: people.friend.principal.apiTokenId,
        leaseId: null,
        sellerOwnerId: people.seller.principal.ownerId,
        providerId,
        model,
        outcome: 'completed',
        hold: '0',
        charge: '0',
        fee: '0',
        units: { completion_token: tokens },
        atMs: Date.now(),
      },
    ],
  };
  harness.bus.publish(subjects.usageSettled, event);
}

describe('whom a provider is open to', () => {
  it('is kept, shown to its owner, and changed', async () => {
    const policy = {
      audience: 'listed',
      usernames: ['friend'],
      hours: [
        { day: 'monday', from: '08:00', to: '18:30' },
        { day: 'sunday', from: '22:00', to: '02:00' },
      ],
      endpoints: ['chat.completions'],
      buyerRates: { requestsPerMinuteMax: 5, tokensPerMinuteMax: null },
      rates: { requestsPerMinuteMax: null, tokensPerMinuteMax: 9_000_000_000 },
      probes: { models: 'off', completion: 'doubtful' },
    };
    const { provider } = (await create('kept', policy)).body;
    expect(provider.policy).toEqual(policy);
    const path = `${providersPath}/${provider.id}`;
    expect((await call(people.seller, 'PATCH', path, { isEnabled: true })).body.policy).toEqual(
      policy,
    );
    const changed = await call(people.seller, 'PATCH', path, { policy: { audience: 'private' } });
    expect(changed.body.policy).toMatchObject({ audience: 'private', usernames: [], hours: null });
    expect((await call(people.friend, 'PATCH', path, { policy: {} })).status).toBe(404);
  });

  it('is market where nothing is said', async () => {
    const { provider } = (await create('plain')).body;
    expect(provider.policy).toEqual({
      audience: 'market',
      usernames: [],
      hours: null,
      endpoints: null,
      buyerRates: { requestsPerMinuteMax: null, tokensPerMinuteMax: null },
      rates: { requestsPerMinuteMax: null, tokensPerMinuteMax: null },
      probes: { models: null, completion: null },
    });
  });

  it.each([
    [{ audience: 'listed', usernames: ['nobody-of-this-name'] }, 404],
    [{ hours: [{ day: 'monday', from: '09:00', to: '09:00' }] }, 400],
    [{ rates: { requestsPerMinuteMax: 0 } }, 400],
    [{ audience: 'everybody' }, 400],
  ])('is not taken as %j', async (policy, status) => {
    expect((await create(`refused-${randomUUID().slice(0, 8)}`, policy)).status).toBe(status);
  });

  it('is no other: for anybody else it does not exist', async () => {
    await onSale('club', { audience: 'listed', usernames: ['friend'] });
    expect(await admit(people.friend, 'club')).toMatchObject({ status: 200 });
    expect(await routesOf(people.friend)).toContain(`club/${model}`);
    for (const name of ['club', 'nothing-there']) {
      const refused = await admit(people.stranger, name);
      expect(refused).toMatchObject({ status: 404, fault: { code: 'MODEL_NOT_FOUND' } });
      expect(refused.fault.details).toEqual({});
    }
    expect(await routesOf(people.stranger)).not.toContain(`club/${model}`);
  });

  it('is in no explanation of anybody else, neither by name, nor in a rotation, nor as a rival', async () => {
    const hidden = await onSale('cellar', { audience: 'private' });
    const shown = await onSale('window', { audience: 'market' });
    const members = [hidden, shown].map(({ id }) => ({ providerId: id, model }));
    await call(people.seller, 'PUT', '/api/catalog/rotations/both', { members });
    const rotation = 'seller/rotation/both';
    await until(async () => (await explained(people.stranger, rotation)).status === 200);
    const own = await explained(people.seller, rotation);
    expect(own.text).toContain('cellar');
    for (const route of [rotation, model, 'autoselect/cheap', `cellar/${model}`]) {
      const { text } = await explained(people.stranger, route);
      // The route itself is said back.
      expect(text.replaceAll(JSON.stringify(route), '')).not.toMatch(/cellar/);
      expect(text).not.toContain(hidden.id);
    }
    expect((await explained(people.stranger, rotation)).text).toContain('window');
  });
});

describe('when and with what others are served', () => {
  it('is outside of its hours by nobody but the owner', async () => {
    const today = new Date().getUTCDay();
    const other = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'][
      // Not yesterday's, today's or tomorrow's: midnight may pass while this runs.
      (today + 2) % 7
    ];
    await onSale('night', { hours: [{ day: other, from: '00:00', to: '24:00' }] });
    expect(await admit(people.friend, 'night')).toMatchObject({
      status: 503,
      fault: { code: 'NO_CANDIDATE', details: { reasons: 'closed_now' } },
    });
    expect(await admit(people.seller, 'night')).toMatchObject({ status: 200 });
  });

  it('is with nothing that the owner does not allow', async () => {
    await onSale('vectors', { endpoints: ['embeddings'] });
    expect(await admit(people.friend, 'vectors')).toMatchObject({
      status: 400,
      fault: { code: 'CHAT_UNSUPPORTED' },
    });
  });
});

describe('how much others may use', () => {
  it('is of each buyer and of all exactly what the owner says, however they race', async () => {
    await onSale('counted', {
      buyerRates: { requestsPerMinuteMax: 4 },
      rates: { requestsPerMinuteMax: 6 },
    });
    expect(await letIn(people.friend, 'counted', 30)).toBe(4);
    expect(await letIn(people.stranger, 'counted', 30)).toBe(2);
    const refused = await admit(people.friend, 'counted');
    expect(refused).toMatchObject({ status: 429, fault: { code: 'PROVIDER_RATE_REACHED' } });
    expect(refused.fault.details.retryAfterMs).toBeGreaterThan(1_000);
    expect(await letIn(people.seller, 'counted', 10)).toBe(10);
  });

  it('counts what was produced, too', async () => {
    const provider = await onSale('metered', { rates: { tokensPerMinuteMax: 1_000 } });
    const first = await admit(people.friend, 'metered');
    expect(await admit(people.friend, 'metered')).toMatchObject({ status: 200 });
    settled(first.requestId, provider.id, 5_000);
    await until(async () => (await admit(people.friend, 'metered')).status === 429);
  });

  it('leads elsewhere in a rotation, and says why', async () => {
    const [small, large] = [
      await onSale('small', { rates: { requestsPerMinuteMax: 1 } }),
      await onSale('large'),
    ];
    const members = [
      { providerId: small.id, model, weight: 1_000_000 },
      { providerId: large.id, model, weight: 1 },
    ];
    await call(people.seller, 'PUT', '/api/catalog/rotations/both', { members });
    const route = 'seller/rotation/both';
    const first = await admit(people.friend, route);
    expect(
      first.candidates.map(({ providerId }: Made & { providerId: string }) => providerId),
    ).toEqual([small.id, large.id]);
    // Of its owner no rate is counted.
    await until(async () => (await admit(people.seller, route, routers[1])).status === 200);
    const second = await admit(people.friend, route, routers[1]);
    expect(second).toMatchObject({
      candidates: [{ providerId: large.id }],
      rejections: [{ providerLabel: 'seller/small', model, reason: 'rate_reached' }],
    });
    // It was served elsewhere after all: its share is free again.
    settled(first.requestId, large.id, 10);
    await until(async () => {
      const { candidates, requestId } = await admit(people.friend, route);
      settled(requestId, large.id, 0);
      return candidates.length === 2;
    });
  });

  it('is given back where the request is refused for its money', async () => {
    await onSale('once', { rates: { requestsPerMinuteMax: 1 } });
    harness.accounts.refuse('exhausted', 'BALANCE_TOO_LOW');
    expect(await admit(people.friend, 'once')).toMatchObject({
      fault: { code: 'BALANCE_TOO_LOW' },
    });
    harness.accounts.state.refusal = undefined;
    await until(async () => (await admit(people.friend, 'once')).status === 200);
    expect(await admit(people.friend, 'once')).toMatchObject({ status: 429 });
  });

  it('is nothing while nobody can count, though requests elsewhere go on', async () => {
    await onSale('strict', { rates: { requestsPerMinuteMax: 100 } });
    await onSale('free');
    const blind = await harness.router({
      ROUTER_REDIS_URL: 'redis://127.0.0.1:1',
      ROUTER_LIMITS_OPEN: 'true',
    });
    await until(async () => (await admit(people.friend, 'free', blind)).status === 200);
    expect(await admit(people.friend, 'strict', blind)).toMatchObject({
      status: 503,
      fault: { code: 'NO_CANDIDATE', details: { reasons: 'rate_unknown' } },
    });
    expect(await admit(people.seller, 'strict', blind)).toMatchObject({ status: 200 });
  });
});
