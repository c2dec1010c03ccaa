import { internalPaths, RegistrationRevoked, subjects } from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { until } from '@aisbf/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { presentSession } from './admit-request.js';
import { type FakeBroker, startFakeBroker } from './fake-broker.js';
import { type Harness, type RunningRouter, startHarness } from './running-router.js';

type Person = ReturnType<Harness['accounts']['token']>;

/** Real time, and as much more as a test wants. */
class MovableClock extends Clock {
  aheadMs = 0;

  nowMs(): number {
    return Date.now() + this.aheadMs;
  }
}

const providersPath = '/api/catalog/providers';
const registrationsMax = 4;
const clock = new MovableClock();
let harness: Harness;
/** Two replicas of one service. */
let routers: readonly [RunningRouter, RunningRouter];
let [anna, bob, operator]: Person[] = [];
let broker: FakeBroker;
let heard: RegistrationRevoked[];
let subscription: { unsubscribe: () => void };
let providers = 0;

beforeAll(async () => {
  harness = await startHarness();
  const settings = {
    ROUTER_REGISTRATIONS_MAX: String(registrationsMax),
    ROUTER_REGISTRATION_EXPIRY_TICK_MS: '20',
    // A test that moves the clock must not make a broker silent by it.
    ROUTER_BROKER_SILENCE_MS_MAX: '86400000',
  };
  routers = [await harness.router(settings, clock), await harness.router(settings, clock)];
  anna = harness.accounts.token('anna');
  bob = harness.accounts.token('bob');
  operator = harness.accounts.token('global');
  broker = startFakeBroker(harness.bus);
});

afterAll(async () => {
  broker.stop();
  await harness.stop();
});

beforeEach(async () => {
  heard = [];
  subscription = harness.bus.subscribe(subjects.registrationRevoked, RegistrationRevoked, (fact) =>
    heard.push(fact),
  );
  await harness.bus.flush();
});

afterEach(() => subscription.unsubscribe());

/** What was announced of a provider. Every replica announces what it learns, so each comes several times. */
const factsOf = ({ id }: { id: string }) => heard.filter(({ providerId }) => providerId === id);

const call = (person: Person | undefined, method: string, path: string, body?: unknown) =>
  routers[0].call(person?.apiToken ?? '', method, path, body);

async function newProvider(more: object = {}) {
  providers += 1;
  const body = { kind: 'coderai', name: `rig-${providers}`, ...more };
  const { provider, registrationToken } = (await call(anna, 'POST', providersPath, body)).body;
  const path = `${providersPath}/${provider.id}`;
  return { provider, path, registrationToken, registrations: `${path}/registrations` };
}

/** What both replicas say of a worker, once they say the same. */
async function verdicts(name: string, registrationToken: string, clientId = 'client-1') {
  const claim = {
    type: 'admit-worker',
    pathUsername: 'anna',
    username: 'anna',
    providerName: name,
    clientId,
    registrationToken,
  };
  const ask = async (router: RunningRouter) => {
    const { body } = await router.internal(internalPaths.routerAdmitWorker, claim);
    return (body.type === 'worker-admitted' ? 'admitted' : body.reason) as string;
  };
  const first = await ask(routers[0]);
  // The other replica hears of the change and loads it.
  await until(async () => (await ask(routers[1])) === first);
  return first;
}

describe('registrations', () => {
  it('are several at a time, each shown once, listed without their secrets', async () => {
    const { provider, registrations, registrationToken } = await newProvider();
    const expiresAt = new Date(clock.nowMs() + 60_000).toISOString();
    const created = await call(anna, 'POST', registrations, { expiresAt });
    expect(created.status).toBe(201);
    expect(created.body.registration).toMatchObject({ expiresAt, revokedAt: null });
    const plain = await call(anna, 'POST', registrations);
    expect(plain.body.registration.expiresAt).toBeNull();
    for (const token of [
      registrationToken,
      created.body.registrationToken,
      plain.body.registrationToken,
    ]) {
      expect(await verdicts(provider.name, token)).toBe('admitted');
    }
    const listed = await call(anna, 'GET', registrations);
    expect(listed.body.registrations.length).toBe(3);
    expect(listed.body.registrations).toContainEqual(created.body.registration);
    const publicId = created.body.registrationToken.split('_')[1];
    expect(created.body.registration.publicId).toBe(publicId);
    const text = JSON.stringify(listed.body);
    expect(text).not.toContain(created.body.registrationToken);
    expect(text).not.toContain('ash');
  });

  it('tells the broker which one a worker came with', async () => {
    const { provider, registrations, registrationToken } = await newProvider();
    const [{ id }] = (await call(anna, 'GET', registrations)).body.registrations;
    const { body } = await routers[0].internal(internalPaths.routerAdmitWorker, {
      type: 'admit-worker',
      pathUsername: 'anna',
      username: 'anna',
      providerName: provider.name,
      clientId: 'client-1',
      registrationToken,
    });
    expect(body.registrationId).toBe(id);
  });

  it('end when they are revoked, and only they', async () => {
    const { provider, registrations, registrationToken } = await newProvider();
    const other = (await call(anna, 'POST', registrations)).body;
    const [{ id }] = (await call(anna, 'GET', registrations)).body.registrations;
    const path = `${registrations}/${id}`;
    // A replica that has never known it good has nothing to announce.
    expect(await verdicts(provider.name, registrationToken)).toBe('admitted');
    expect((await call(anna, 'DELETE', path)).status).toBe(204);
    expect(await verdicts(provider.name, registrationToken)).toBe('token_revoked');
    expect(await verdicts(provider.name, other.registrationToken)).toBe('admitted');
    const [{ revokedAt }] = (await call(anna, 'GET', registrations)).body.registrations;
    expect(revokedAt).not.toBeNull();
    // Again: nothing changes, and it is said once more.
    expect((await call(anna, 'DELETE', path)).status).toBe(204);
    expect((await call(anna, 'GET', registrations)).body.registrations[0].revokedAt).toBe(
      revokedAt,
    );
    // From the one that was asked, twice, and from each replica.
    await until(() => factsOf(provider).length === 4);
    for (const fact of factsOf(provider)) {
      expect(fact).toMatchObject({ reason: 'token_revoked', registrationId: id });
    }
  });

  it('end for those who ask what they have not heard, also where no replica has either', async () => {
    const { provider, path, registrations } = await newProvider();
    const other = (await call(anna, 'POST', registrations)).body.registration;
    const [{ id }] = (await call(anna, 'GET', registrations)).body.registrations;
    const workers = [id, other.id, null].map((registrationId) => ({
      providerId: provider.id,
      clientId: 'client-1',
      registrationId,
    }));
    const ended = async (router: RunningRouter) => {
      const question = { type: 'check-workers', workers };
      const { body } = await router.internal(internalPaths.routerCheckWorkers, question);
      return body.ended as RegistrationRevoked[];
    };
    expect(await ended(routers[1])).toEqual([]);
    await call(anna, 'DELETE', `${registrations}/${id}`);
    const fact = { type: 'registration-revoked', providerId: provider.id };
    const revoked = { ...fact, reason: 'token_revoked', registrationId: id };
    expect(await ended(routers[1])).toEqual([revoked]);
    await call(anna, 'DELETE', path);
    expect(await ended(routers[1])).toEqual([{ ...fact, reason: 'provider_disabled' }]);
    const tooMany = Array.from({ length: 1_001 }, () => workers[0]);
    const { status } = await routers[1].internal(internalPaths.routerCheckWorkers, {
      type: 'check-workers',
      workers: tooMany,
    });
    expect(status).toBe(400);
  });

  it('overlap when they are rotated, and then the earlier one expires with its sessions', async () => {
    const { provider, path, registrations, registrationToken } = await newProvider();
    const [{ id }] = (await call(anna, 'GET', registrations)).body.registrations;
    broker.up(presentSession(provider, ['m']));
    const rotated = await call(anna, 'POST', `${path}/registration-token`, { overlapMs: 60_000 });
    expect(rotated.status).toBe(201);
    expect(await verdicts(provider.name, registrationToken)).toBe('admitted');
    expect(await verdicts(provider.name, rotated.body.registrationToken)).toBe('admitted');
    await until(async () => {
      const answers = await Promise.all(
        routers.map((router) => router.call(anna?.apiToken ?? '', 'GET', path)),
      );
      return answers.every(({ body }) => body.models.length === 1);
    });
    expect(factsOf(provider)).toEqual([]);

    clock.aheadMs += 60_001;
    expect(await verdicts(provider.name, registrationToken)).toBe('token_expired');
    expect(await verdicts(provider.name, rotated.body.registrationToken)).toBe('admitted');
    await until(() => factsOf(provider).length === 2);
    for (const fact of factsOf(provider)) {
      expect(fact).toMatchObject({ reason: 'token_expired', registrationId: id });
    }
  });

  it('end at once when a rotation has no overlap; one that ends sooner keeps its time', async () => {
    const { provider, path, registrations, registrationToken } = await newProvider();
    const expiresAt = new Date(clock.nowMs() + 1_000).toISOString();
    await call(anna, 'POST', registrations, { expiresAt });
    await call(anna, 'POST', `${path}/registration-token`, { overlapMs: 5_000 });
    const listed = (await call(anna, 'GET', registrations)).body.registrations;
    expect(listed.map((one: { expiresAt: string }) => one.expiresAt)).toContain(expiresAt);
    const rotated = await call(anna, 'POST', `${path}/registration-token`, { overlapMs: 0 });
    expect(await verdicts(provider.name, registrationToken)).toBe('token_expired');
    expect(await verdicts(provider.name, rotated.body.registrationToken)).toBe('admitted');
    const fact = { type: 'registration-revoked', providerId: provider.id, reason: 'token_rotated' };
    await until(() => factsOf(provider).some(({ reason }) => reason === 'token_rotated'));
    expect(factsOf(provider)).toContainEqual(fact);
  });

  it('make room for others only when they have ended', async () => {
    const { provider, path, registrations, registrationToken } = await newProvider();
    const more = await Promise.all(
      Array.from({ length: registrationsMax }, () => call(anna, 'POST', registrations)),
    );
    expect(more.map(({ status }) => status).sort()).toEqual([201, 201, 201, 409]);
    const refused = more.find(({ status }) => status === 409);
    expect(refused?.body.error.code).toBe('registrations_too_many');
    expect(await verdicts(provider.name, registrationToken)).toBe('admitted');
    const rotated = await call(anna, 'POST', `${path}/registration-token`, { overlapMs: 0 });
    expect(rotated.status).toBe(201);
    const listed = (await call(anna, 'GET', registrations)).body.registrations;
    expect(listed.length).toBe(registrationsMax);
    // The oldest has made room, so nothing is known of it.
    expect(await verdicts(provider.name, registrationToken)).toBe('wrong_token');
  });

  it.each([
    ['a time that has passed', { expiresAt: '2020-01-01T00:00:00Z' }, 'expiry_not_ahead'],
    ['a time that is none', { expiresAt: 'tomorrow' }, 'request_invalid'],
    ['an unknown field', { expires: 1 }, 'request_invalid'],
    ['not an object', [1], 'request_invalid'],
  ])('are not created with %s', async (_what, body, code) => {
    const { registrations } = await newProvider();
    const answer = await call(anna, 'POST', registrations, body);
    expect([answer.status, answer.body.error.code]).toEqual([400, code]);
  });

  it.each([-1, 0.5, '1000', 2_592_000_001])(
    'are not rotated with an overlap of %j',
    async (overlapMs) => {
      const { path, provider, registrationToken } = await newProvider();
      const answer = await call(anna, 'POST', `${path}/registration-token`, { overlapMs });
      expect(answer.status).toBe(400);
      expect(await verdicts(provider.name, registrationToken)).toBe('admitted');
    },
  );

  it("are nobody else's business, and of workers only", async () => {
    const { registrations, path } = await newProvider();
    const other = await newProvider();
    const [{ id }] = (await call(anna, 'GET', registrations)).body.registrations;
    const strangers = [
      await call(bob, 'GET', registrations),
      await call(bob, 'POST', registrations),
      await call(bob, 'DELETE', `${registrations}/${id}`),
      await call(bob, 'POST', `${path}/registration-token`),
    ];
    for (const { status, body } of strangers) {
      expect([status, body.error.code]).toEqual([404, 'provider_not_found']);
    }
    const elsewhere = await call(anna, 'DELETE', `${other.registrations}/${id}`);
    expect([elsewhere.status, elsewhere.body.error.code]).toEqual([404, 'registration_not_found']);
    expect((await call(anna, 'DELETE', `${registrations}/nonsense`)).status).toBe(400);
    const hosted = await call(operator, 'POST', providersPath, {
      kind: 'openai',
      name: 'cloud',
      baseUrl: 'https://upstream.example/v1',
      models: [{ name: 'm' }],
    });
    const path2 = `${providersPath}/${hosted.body.provider.id}`;
    for (const answer of [
      await call(operator, 'GET', `${path2}/registrations`),
      await call(operator, 'POST', `${path2}/registrations`),
      await call(operator, 'PATCH', path2, { clientIds: ['client-1'] }),
    ]) {
      expect([answer.status, answer.body.error.code]).toEqual([409, 'provider_without_workers']);
    }
  });
});

describe('the list of allowed clients', () => {
  it('can be changed; who is no longer on it is sent away', async () => {
    const { provider, path, registrationToken } = await newProvider({ clientIds: ['client-1'] });
    expect(await verdicts(provider.name, registrationToken)).toBe('admitted');
    const session = presentSession(provider, ['m'], { clientId: 'client-1' });
    broker.up(session);
    await until(async () => (await call(anna, 'GET', path)).body.models.length === 1);
    const changed = await call(anna, 'PATCH', path, { clientIds: ['client-2'] });
    expect(changed.body).toMatchObject({ clientIds: ['client-2'], isEnabled: true });
    expect(await verdicts(provider.name, registrationToken)).toBe('client_not_allowed');
    expect(await verdicts(provider.name, registrationToken, 'client-2')).toBe('admitted');
    await until(() => factsOf(provider).length === 1);
    const fact = { reason: 'client_not_allowed', clientId: 'client-1', providerId: provider.id };
    expect(factsOf(provider)).toEqual([{ type: 'registration-revoked', ...fact }]);
    broker.down(session.sessionId);

    const open = await call(anna, 'PATCH', path, { clientIds: null });
    expect(open.body.clientIds).toBeNull();
    expect(await verdicts(provider.name, registrationToken, 'any')).toBe('admitted');
    const off = await call(anna, 'PATCH', path, { isEnabled: false, clientIds: ['client-3'] });
    expect(off.body).toMatchObject({ clientIds: ['client-3'], isEnabled: false });
  });

  it.each([[[]], [['']], ['client-1'], [['x'.repeat(129)]]])('is never %j', async (clientIds) => {
    const { path } = await newProvider({ clientIds: ['client-1'] });
    expect((await call(anna, 'PATCH', path, { clientIds })).status).toBe(400);
    expect((await call(anna, 'GET', path)).body.clientIds).toEqual(['client-1']);
  });
});

describe('models of workers', () => {
  const listed = async (router: RunningRouter, name: string) => {
    const request = { type: 'list-models', apiToken: anna?.apiToken, pathUsername: null };
    const { body } = await router.internal(internalPaths.routerModels, request);
    return body.models.filter(({ id }: { id: string }) => id.startsWith(`${name}/`));
  };

  it('are in the catalogue with what the workers tell, until the last that has them is gone', async () => {
    const { provider, path } = await newProvider();
    const worker = (clientId: string, contextTokensMax: number | null) =>
      presentSession(provider, [], {
        clientId,
        models: [{ name: 'llama', contextTokensMax, quantization: 'Q4_K_M', inputs: ['text'] }],
        endpoints: ['/v1/chat/completions'],
      });
    const [small, large] = [worker('small', 4_096), worker('large', 8_192)];
    broker.up(small);
    broker.up(large);
    const model = { name: 'llama', upstreamName: 'llama' };
    for (const router of routers) {
      const models = async () => (await router.call(anna?.apiToken ?? '', 'GET', path)).body.models;
      await until(async () => (await models())[0]?.workers === 2);
      const told = { contextLength: 4_096, quantization: 'Q4_K_M', inputs: ['text'] };
      expect(await models()).toEqual([{ ...model, ...told, workers: 2 }]);
      const line = { ...told, endpoints: ['/v1/chat/completions'] };
      expect(await listed(router, provider.name)).toMatchObject([line]);
    }
    broker.down(small.sessionId);
    for (const router of routers) {
      await until(async () => (await listed(router, provider.name))[0]?.contextLength === 8_192);
    }
    // It registers anew and no longer says.
    broker.up({ ...large, models: [{ name: 'llama', contextTokensMax: null }] });
    for (const router of routers) {
      await until(
        async () => !('contextLength' in ((await listed(router, provider.name))[0] ?? {})),
      );
    }
    broker.down(large.sessionId);
    for (const router of routers) {
      await until(async () => (await listed(router, provider.name)).length === 0);
    }
  });
});
