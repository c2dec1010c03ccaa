import { randomUUID } from 'node:crypto';
import {
  type AttemptEnded,
  internalPaths,
  subjects,
  type TokenLimits,
  type UsageSettled,
} from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { admitRequest, presentSession } from './admit-request.js';
import { type FakeBroker, startFakeBroker } from './fake-broker.js';
import { type Harness, type RunningRouter, startHarness } from './running-router.js';

type Person = ReturnType<Harness['accounts']['token']>;
type Owned = Readonly<{ id: string; ownerId: string; username: string }>;

let harness: Harness;
let [one, two]: RunningRouter[] = [];
let broker: FakeBroker;
let [seller, rival, buyer]: Person[] = [];
let [rig, box]: Owned[] = [];

const prices = { prompt_token: '20000000', completion_token: '40000000' };

/** Two replicas, a broker, and two sellers with a worker's provider each; a rotation over both. */
beforeAll(async () => {
  harness = await startHarness();
  [one, two] = [await harness.router(), await harness.router()];
  broker = startFakeBroker(harness.bus);
  seller = harness.accounts.token('seller');
  rival = harness.accounts.token('rival');
  buyer = harness.accounts.token('buyer');
  rig = await onSale(seller, 'rig', prices);
  box = await onSale(rival, 'box', { prompt_token: '1000000', completion_token: '2000000' });
  const members = [
    { providerId: rig.id, model: 'llama3:8b', weight: 3 },
    { providerId: box.id, model: 'llama3:8b', weight: 1 },
  ];
  await one?.call(seller.apiToken, 'PUT', '/api/catalog/rotations/mix', { members });
  broker.up(presentSession(rig, ['llama3:8b', 'secret-model'], { sessionId: 'rig-1' }));
  broker.up(presentSession(box, ['llama3:8b'], { sessionId: 'box-1' }));
  await until(async () => (await served(one, 'box/llama3:8b')).length === 1);
  await until(async () => (await served(two, 'box/llama3:8b')).length === 1);
});

afterAll(async () => {
  broker.stop();
  await harness.stop();
});

async function onSale(person: Person, name: string, terms: object): Promise<Owned> {
  const path = '/api/catalog/providers';
  const created = await one?.call(person.apiToken, 'POST', path, { kind: 'coderai', name });
  const { provider } = created?.body ?? {};
  await one?.call(person.apiToken, 'PUT', '/api/catalog/listings', {
    providerId: provider.id,
    model: 'llama3:8b',
    prices: terms,
  });
  return provider;
}

const ask = async (router: RunningRouter | undefined, request: unknown) => {
  const answer = await router?.internal(internalPaths.routerAdmit, request);
  return { status: answer?.status, ...answer?.body };
};

const admit = (route: string, facts = {}, person = buyer, path: string | null = null) =>
  ask(one, admitRequest(person?.apiToken ?? '', route, facts, path));

/** The sessions of the plan that this router makes for the buyer, in order. */
async function served(router: RunningRouter | undefined, route: string): Promise<string[]> {
  const plan = await ask(router, admitRequest(buyer?.apiToken ?? '', route));
  return (plan.candidates ?? []).map((candidate: { sessionId: string }) => candidate.sessionId);
}

function attemptEnded(changes: Partial<AttemptEnded>): AttemptEnded {
  return {
    type: 'attempt-ended',
    providerId: rig?.id ?? '',
    model: 'llama3:8b',
    sessionId: 'rig-1',
    isSuccess: false,
    reason: 'upstream_error',
    retryAfterMs: null,
    firstByteMs: null,
    atMs: Date.now(),
    ...changes,
  };
}

describe('admission', () => {
  it('holds the money and names the session that serves', async () => {
    const plan = await admit('rig/llama3:8b');
    expect(plan).toMatchObject({
      status: 200,
      holdEpoch: 1,
      // (10 × 20,000,000 + 100 × 40,000,000) / 1,000,000
      holdAmount: '4200',
      attemptsMax: 1,
      candidates: [
        {
          kind: 'session',
          brokerUrl: broker.url,
          sessionId: 'rig-1',
          sessionEpoch: 1,
          providerLabel: 'seller/rig',
          model: 'llama3:8b',
        },
      ],
      rejections: [],
      deadlines: { firstByteMs: 60_000, idleMs: 60_000, totalMs: 600_000 },
    });
    expect(harness.accounts.state.authorised.at(-1)).toMatchObject({
      requestId: plan.requestId,
      amount: '4200',
      expiresAtMs: plan.holdExpiresAtMs,
      ownerId: buyer?.principal.ownerId,
      concurrencyMax: 8,
      terms: [
        { providerId: rig?.id, sellerOwnerId: seller?.principal.ownerId, feeBps: 500, prices },
      ],
    });
  });

  it('holds for the dearest of a rotation, and names the terms of each', async () => {
    const plan = await admit('seller/rotation/mix');
    expect(plan).toMatchObject({ holdAmount: '4200', attemptsMax: 2 });
    expect(plan).not.toHaveProperty('hedge');
    const { terms } = harness.accounts.state.authorised.at(-1) ?? { terms: [] };
    expect(terms.map(({ providerId }) => providerId)).toEqual(
      plan.candidates.map(({ providerId }: { providerId: string }) => providerId),
    );
  });

  it('says when its rotation wants a slow one to get company, unless only one may be asked', async () => {
    const members = [
      { providerId: rig?.id, model: 'llama3:8b' },
      { providerId: box?.id, model: 'llama3:8b' },
    ];
    const hedge = { afterMs: 300 };
    await one?.call(seller?.apiToken ?? '', 'PUT', '/api/catalog/rotations/hedged', {
      members,
      hedge,
    });
    const plan = await admit('rotation/hedged', {}, seller);
    expect(plan).toMatchObject({ attemptsMax: 2, hedge });
    const preferences = { allowsFallbacks: false };
    const alone = await admit('rotation/hedged', { preferences }, seller);
    expect(alone).not.toHaveProperty('hedge');
    await one?.call(seller?.apiToken ?? '', 'DELETE', '/api/catalog/rotations/hedged', {});
  });

  it('lets owners use their own for nothing, unlisted models too', async () => {
    const plan = await admit('rig/secret-model', {}, seller);
    expect(plan).toMatchObject({ holdAmount: '0', candidates: [{ model: 'secret-model' }] });
    expect(harness.accounts.state.authorised.at(-1)?.terms).toMatchObject([
      { prices: {}, feeBps: 0 },
    ]);
  });

  it.each([
    ['rig/secret-model', 404, 'MODEL_NOT_FOUND'],
    ['seller/provider/rig/secret-model', 404, 'MODEL_NOT_FOUND'],
    ['rig/nothing', 404, 'MODEL_NOT_FOUND'],
    ['nobody/llama3:8b', 404, 'MODEL_NOT_FOUND'],
    ['rotation/mix', 404, 'MODEL_NOT_FOUND'],
    ['nothing', 404, 'MODEL_NOT_FOUND'],
    ['llama3:8b', 400, 'ROUTE_AMBIGUOUS'],
    ['autoselect/best', 404, 'MODEL_NOT_FOUND'],
  ])('does not serve %s', async (route, status, code) => {
    expect(await admit(route)).toMatchObject({ status, fault: { code } });
  });

  it('tells of a request that no worker of the model can take', async () => {
    const answer = await admit('rig/llama3:8b', { bodyBytes: 1_048_576 });
    expect(answer).toMatchObject({ status: 413, fault: { code: 'REQUEST_TOO_LARGE' } });
  });

  it('passes on what accounts refuses, unchanged', async () => {
    harness.accounts.refuse('exhausted', 'INSUFFICIENT_BALANCE');
    const answer = await admit('rig/llama3:8b');
    harness.accounts.state.refusal = undefined;
    expect(answer).toMatchObject({
      status: 402,
      fault: { code: 'INSUFFICIENT_BALANCE', kind: 'exhausted' },
    });
  });

  it("keeps a user's own address for that user and for operators", async () => {
    expect(await admit('rig/llama3:8b', {}, buyer, 'buyer')).toMatchObject({ status: 200 });
    expect(await admit('rig/llama3:8b', {}, buyer, 'seller')).toMatchObject({
      status: 403,
      fault: { code: 'USER_FOREIGN' },
    });
    const operator = harness.accounts.token('global');
    expect(await admit('rig/llama3:8b', {}, operator, 'buyer')).toMatchObject({ status: 200 });
  });

  it('refuses a token for other things, an unknown one, and a caller without our secret', async () => {
    const manager = harness.accounts.token('buyer', { scopes: ['manage'] });
    expect(await admit('rig/llama3:8b', {}, manager)).toMatchObject({ status: 403 });
    const request = admitRequest('sk-unknown', 'rig/llama3:8b');
    expect(await ask(one, request)).toMatchObject({ status: 401 });
    const answer = await one?.internal(internalPaths.routerAdmit, request, 'not the secret');
    expect(answer?.status).toBe(403);
  });

  it.each([
    ['a negative count', { promptTokens: -1 }],
    ['a fraction', { bodyBytes: 1.5 }],
    ['no choices', { choices: 0 }],
    ['an empty route', { route: '' }],
    ['a route without end', { route: 'a/'.repeat(300) }],
    ['an endpoint that there is not', { endpoint: 'smells' }],
    ['an unknown field', { admin: true }],
  ])('refuses %s', async (_what, facts) => {
    const request = admitRequest(buyer?.apiToken ?? '', 'rig/llama3:8b');
    const wrong = { ...request, facts: { ...request.facts, ...facts } };
    expect(await ask(one, wrong)).toMatchObject({ status: 400 });
  });

  it('lists what a token can call', async () => {
    const list = async (person: Person | undefined) => {
      const ask = { type: 'list-models', apiToken: person?.apiToken, pathUsername: null };
      const answer = await one?.internal(internalPaths.routerModels, ask);
      const ids: string[] = answer?.body.models.map(({ id }: { id: string }) => id);
      return ids.filter((id) => !id.startsWith('autoselect/'));
    };
    expect(await list(buyer)).toEqual(['box/llama3:8b', 'rig/llama3:8b', 'seller/rotation/mix']);
    expect(await list(seller)).toEqual([
      'box/llama3:8b',
      'rig/llama3:8b',
      'rig/secret-model',
      'rotation/mix',
    ]);
  });
});

describe('rates', () => {
  const limited = (limits: Partial<TokenLimits>) =>
    harness.accounts.token('buyer', {
      limits: {
        requestsPerMinuteMax: 1_000,
        tokensPerMinuteMax: 1_000_000,
        concurrencyMax: 8,
        ...limits,
      },
    });

  it('are held over all replicas together, and say when to come back', async () => {
    const person = limited({ requestsPerMinuteMax: 2 });
    const from = (router: RunningRouter | undefined) =>
      ask(router, admitRequest(person.apiToken, 'rig/llama3:8b'));
    expect(await from(one)).toMatchObject({ status: 200 });
    expect(await from(two)).toMatchObject({ status: 200 });
    const held = harness.accounts.state.authorised.length;
    const { status, fault } = await from(one);
    expect({ status, ...fault }).toMatchObject({
      status: 429,
      code: 'RATE_LIMIT_EXCEEDED',
      details: { limit: 'requests_per_minute' },
    });
    expect(fault.details.retryAfterMs).toBeGreaterThan(0);
    // Who is too fast gets no money set aside.
    expect(harness.accounts.state.authorised.length).toBe(held);
  });

  it('count what requests have produced, once for all replicas', async () => {
    const person = limited({ tokensPerMinuteMax: 10_000 });
    const request = () => admitRequest(person.apiToken, 'rig/llama3:8b');
    expect(await ask(one, request())).toMatchObject({ status: 200 });
    const settled = (completionTokens: number): UsageSettled => ({
      type: 'usage-settled',
      usages: [
        {
          requestId: request().requestId,
          ownerId: person.principal.ownerId,
          apiTokenId: person.principal.apiTokenId,
          leaseId: null,
          sellerOwnerId: null,
          providerId: null,
          model: null,
          outcome: 'completed',
          hold: '0',
          charge: '0',
          fee: '0',
          units: { prompt_token: 10, completion_token: completionTokens },
          atMs: Date.now(),
        },
      ],
    });
    harness.bus.publish(subjects.usageSettled, settled(50_000));
    const refused = await until(async () => {
      const answer = await ask(one, request());
      return answer.status === 429 && answer;
    });
    expect(refused.fault.details.limit).toBe('tokens_per_minute');
    // Five minutes' worth; twice as much if each replica had counted it.
    expect(refused.fault.details.retryAfterMs).toBeLessThan(300_000);
  });
});

describe('replicas', () => {
  it('serve each other’s changes', async () => {
    const extra = await onSale(seller as Person, 'extra', prices);
    broker.up(presentSession(extra, ['llama3:8b'], { sessionId: 'extra-1', clientId: 'x' }));
    await until(async () => (await served(two, 'extra/llama3:8b')).length === 1);
    const path = `/api/catalog/providers/${extra.id}`;
    await two?.call(seller?.apiToken ?? '', 'PATCH', path, { isEnabled: false });
    expect(await served(two, 'extra/llama3:8b')).toEqual([]);
    await until(async () => (await served(one, 'extra/llama3:8b')).length === 0);
  });

  it('agree on who has failed, and ask it last until it has cooled down or served', async () => {
    const share = async (router: RunningRouter | undefined) => {
      const plans = await Promise.all(
        Array.from({ length: 40 }, () => served(router, 'seller/rotation/mix')),
      );
      return plans.filter(([first]) => first === 'rig-1').length;
    };
    // Three of four, give or take what chance gives.
    expect(await share(one)).toBeGreaterThan(15);
    harness.bus.publish(subjects.attemptEnded, attemptEnded({ retryAfterMs: 60_000 }));
    for (const router of [one, two]) {
      // One plan may lead elsewhere by chance; forty in a row do not.
      await until(async () => (await share(router)) === 0);
      // Alone it is asked all the same.
      expect(await served(router, 'rig/llama3:8b')).toEqual(['rig-1']);
    }
    harness.bus.publish(subjects.attemptEnded, attemptEnded({ isSuccess: true, reason: null }));
    for (const router of [one, two]) await until(async () => (await share(router)) > 0);
  });

  it('forget a token at once when it has changed', async () => {
    const person = harness.accounts.token('shortlived');
    const request = () => admitRequest(person.apiToken, 'rig/llama3:8b');
    for (const router of [one, two])
      expect(await ask(router, request())).toMatchObject({ status: 200 });
    harness.accounts.revoke(person.apiToken);
    for (const router of [one, two]) {
      await until(async () => (await ask(router, request())).status === 401);
    }
  });
});

describe('presence', () => {
  it('drops a session whose worker left, and says why nobody serves', async () => {
    broker.down('box-1');
    await until(async () => (await served(one, 'box/llama3:8b')).length === 0);
    expect(await admit('box/llama3:8b')).toMatchObject({
      status: 503,
      fault: { code: 'NO_CANDIDATE', details: { reasons: 'no_live_session' } },
    });
    expect(await admit('seller/rotation/mix')).toMatchObject({
      status: 200,
      rejections: [{ providerLabel: 'rival/box', model: 'llama3:8b', reason: 'no_live_session' }],
    });
  });

  it('gives suspect and draining sessions nothing new', async () => {
    for (const state of ['suspect', 'draining'] as const) {
      broker.up(presentSession(box as Owned, ['llama3:8b'], { sessionId: 'box-1', state }));
      await until(async () => {
        const { fault } = await admit('box/llama3:8b');
        return fault?.details.reasons === state;
      });
    }
    broker.up(presentSession(box as Owned, ['llama3:8b'], { sessionId: 'box-1' }));
    await until(async () => (await served(one, 'box/llama3:8b')).length === 1);
  });

  it('finds out from the next beat what it has missed', async () => {
    const lost = presentSession(rig as Owned, ['llama3:8b'], {
      sessionId: 'rig-2',
      clientId: 'w2',
    });
    broker.up(lost, { isLost: true });
    await until(async () => (await served(one, 'rig/llama3:8b')).length === 2);
    broker.down('rig-2');
    await until(async () => (await served(one, 'rig/llama3:8b')).length === 1);
  });

  it('is known to a router that starts later', async () => {
    const late = await harness.router();
    await until(async () => (await served(late, 'rig/llama3:8b')).length === 1);
    expect((await late.get('/readyz')).body).toEqual({ ready: true, missing: [] });
  });

  it('takes the sessions of a broker that has died off the market', async () => {
    const other = startFakeBroker(harness.bus);
    const dying = presentSession(rig as Owned, ['llama3:8b'], {
      sessionId: 'rig-3',
      clientId: 'w3',
    });
    other.up(dying);
    await until(async () => (await served(one, 'rig/llama3:8b')).length === 2);
    other.stop();
    await until(async () => (await served(one, 'rig/llama3:8b')).length === 1);
  });

  it('lets no message of an unknown form in', async () => {
    for (const nonsense of [
      'x',
      1,
      null,
      { type: 'session-up' },
      { type: 'broker-beat', url: 1 },
    ]) {
      harness.bus.publish(subjects.presenceEvent, nonsense);
      harness.bus.publish(subjects.attemptEnded, nonsense);
      harness.bus.publish(subjects.catalogueChanged, nonsense);
    }
    const revision = { type: 'catalogue-changed', revision: Number.MAX_SAFE_INTEGER };
    harness.bus.publish(subjects.catalogueChanged, revision);
    await harness.bus.flush();
    expect(await served(one, 'rig/llama3:8b')).toEqual(['rig-1']);
    expect((await one?.get('/readyz'))?.body.ready).toBe(true);
  });
});

describe('a router without its neighbours', () => {
  it('is ready and admits where only Redis is away, unless told otherwise', async () => {
    const away = { ROUTER_REDIS_URL: 'redis://127.0.0.1:1' };
    const open = await harness.router(away);
    await until(async () => (await served(open, 'rig/llama3:8b')).length === 1);
    expect((await open.get('/readyz')).body).toEqual({ ready: true, missing: [] });
    const closed = await harness.router({ ...away, ROUTER_LIMITS_OPEN: 'false' });
    await until(async () => {
      const { fault } = await ask(closed, admitRequest(buyer?.apiToken ?? '', 'rig/llama3:8b'));
      return fault?.code === 'LIMITS_UNAVAILABLE';
    });
    expect((await closed.get('/readyz')).body).toEqual({ ready: false, missing: ['redis'] });
  });

  it('says so where accounts are away', async () => {
    const alone = await harness.router({ ROUTER_ACCOUNTS_URL: 'http://127.0.0.1:1' });
    const answer = await ask(alone, admitRequest(buyer?.apiToken ?? '', 'rig/llama3:8b'));
    expect(answer).toMatchObject({ status: 503, fault: { code: 'PEER_UNREACHABLE' } });
    const unknown = randomUUID();
    expect((await alone.get(`/api/catalog/providers/${unknown}`)).status).toBe(401);
  });
});
