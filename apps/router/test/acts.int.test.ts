import type { RecordAct } from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { type Harness, type RunningRouter, startHarness } from './running-router.js';

type Person = ReturnType<Harness['accounts']['token']>;

let harness: Harness;
let routers: readonly RunningRouter[];
let admin: Client;
let operator: Person;
let anna: Person;
let bob: Person;

beforeAll(async () => {
  harness = await startHarness();
  const often = { ROUTER_ACTS_INTERVAL_MS: '20' };
  routers = [await harness.router(often), await harness.router(often)];
  [operator, anna, bob] = ['global', 'anna', 'bob'].map((name) => harness.accounts.token(name)) as [
    Person,
    Person,
    Person,
  ];
  admin = new Client({ connectionString: harness.database.adminUrl });
  await admin.connect();
});

afterAll(async () => {
  await admin.end();
  await harness.stop();
});

/** What was done before the test: a replica may be about to tell of it once more. */
let before: ReadonlySet<string>;

async function forget(): Promise<void> {
  const { rows } = await admin.query<{ id: string }>('SELECT id FROM router.act');
  before = new Set(rows.map(({ id }) => id));
}

beforeEach(async () => {
  harness.accounts.state.actTrouble = undefined;
  await forget();
});

const call = (person: Person, method: string, path: string, body?: unknown) => {
  const router = routers[Math.random() < 0.5 ? 0 : 1] as RunningRouter;
  return router.call(person.apiToken, method, `/api/catalog${path}`, body);
};
const waiting = async () =>
  (await admin.query('SELECT act_id FROM router.act_waiting')).rows.length;

const heard = () => harness.accounts.state.acts.filter(({ id }) => !before.has(id));

/** What the record has been told when nothing waits any more, each act once. */
async function told(): Promise<readonly RecordAct[]> {
  await until(async () => (await waiting()) === 0);
  const byId = new Map(heard().map((act) => [act.id, act]));
  return [...byId.values()];
}

let made = 0;
async function provider(person = anna, more: object = {}) {
  made += 1;
  const request = { kind: 'coderai', name: `box-${made}`, ...more };
  const { status, body } = await call(person, 'POST', '/providers', request);
  expect(status).toBe(201);
  return { id: String(body.provider.id), name: request.name, secret: body.registrationToken };
}

describe('what somebody does to the catalogue', () => {
  it('is told to the record, in its order, with who did it and from where', async () => {
    const { id, name } = await provider();
    const at = `/providers/${id}`;
    await call(anna, 'PATCH', at, { isEnabled: false, clientIds: ['one', 'two'] });
    const created = await call(anna, 'POST', `${at}/registrations`);
    const rotated = await call(anna, 'POST', `${at}/registration-token`);
    const registrationId = created.body.registration.id;
    await call(anna, 'DELETE', `${at}/registrations/${registrationId}`);
    const listing = await call(anna, 'PUT', '/listings', {
      ...{ providerId: id, model: 'm', prices: { prompt_token: '7', request: '9' } },
    });
    await call(anna, 'PUT', '/rotations/both', { members: [{ providerId: id, model: 'm' }] });
    await call(anna, 'DELETE', '/rotations/both');
    await call(anna, 'DELETE', `/listings/${listing.body.id}`);
    await call(anna, 'DELETE', at);
    const acts = await told();
    const { userId, ownerId, apiTokenId } = anna.principal;
    for (const act of acts) {
      expect(act).toMatchObject({
        ...{ ownerId, actorUser: userId, actorToken: apiTokenId },
        address: expect.stringContaining('127.0.0.1'),
      });
    }
    const box = { provider: name };
    expect(acts.map(({ action, subject, detail }) => [action, subject, detail])).toEqual([
      ['provider.create', id, { name, kind: 'coderai' }],
      ['provider.update', id, { ...box, isEnabled: false, clientIds: 2 }],
      ['registration.create', registrationId, { ...box, providerId: id, expiresAt: null }],
      [
        ...['registration.rotate', rotated.body.registration.id],
        { ...box, providerId: id, othersEndAt: expect.any(String) },
      ],
      ['registration.revoke', registrationId, { ...box, providerId: id }],
      [
        ...['listing.put', listing.body.id],
        {
          ...{ ...box, providerId: id, model: 'm', isActive: true },
          prices: expect.arrayContaining(['prompt_token 7', 'request 9']),
          validFrom: null,
        },
      ],
      ['rotation.put', 'both', { members: [`${id}/m 1`] }],
      ['rotation.delete', 'both', {}],
      ['listing.delete', listing.body.id, { ...box, providerId: id, model: 'm' }],
      ['provider.delete', id, box],
    ]);
  });

  it("is the owner's matter where an operator does it, and tells no secret", async () => {
    const { id, secret } = await provider(operator, { username: 'bob' });
    await admin.query(
      `INSERT INTO router.usage_check VALUES ($1, 'm', 'paused', 2000, 5, 10, 20, now())`,
      [id],
    );
    await admin.query('UPDATE router.catalogue_revision SET revision = revision + 1');
    const lifted = { providerId: id, model: 'm' };
    expect((await call(operator, 'POST', '/usage-checks/lift', lifted)).status).toBe(204);
    const hosted = await call(operator, 'POST', '/providers', {
      ...{ kind: 'openai', name: 'cloud', baseUrl: 'https://upstream.example/v1' },
      ...{ credential: 'sk-secret', models: [{ name: 'm' }] },
    });
    expect(hosted.status).toBe(201);
    const acts = await told();
    const { userId } = operator.principal;
    expect(acts).toMatchObject([
      { action: 'provider.create', ownerId: bob.principal.ownerId, actorUser: userId },
      { action: 'usage-check.lift', ownerId: bob.principal.ownerId, actorUser: userId },
      { action: 'provider.create', ownerId: operator.principal.ownerId },
    ]);
    const { rows } = await admin.query('SELECT row_to_json(a)::text AS line FROM router.act a');
    const text = JSON.stringify([acts, rows]);
    for (const hidden of [secret.slice(-20), 'sk-secret', 'upstream.example']) {
      expect(text).not.toContain(hidden);
    }
  });

  it('leaves nothing where it was refused or changed nothing', async () => {
    const { id, name } = await provider();
    await forget();
    const refusals = [
      await call(anna, 'POST', '/providers', { kind: 'coderai', name }),
      await call(bob, 'DELETE', `/providers/${id}`),
      await call(bob, 'PUT', '/listings', { providerId: id, model: 'm', prices: {} }),
      await call(anna, 'DELETE', '/rotations/none'),
      await call(anna, 'POST', '/usage-checks/lift', { providerId: id, model: 'm' }),
    ];
    expect(refusals.map(({ status }) => status)).toEqual([409, 404, 404, 404, 403]);
    // What is done afterwards is told after them.
    await call(anna, 'DELETE', `/providers/${id}`);
    expect(await told()).toMatchObject([{ action: 'provider.delete', subject: id }]);
  });

  it.each([
    ['done where it cannot be written down', 'BEFORE INSERT ON router.act'],
    [
      'written down where it cannot be done',
      'AFTER INSERT ON router.provider DEFERRABLE INITIALLY DEFERRED FOR EACH ROW',
    ],
  ])('is not %s', async (_what, moment) => {
    const kind = moment.startsWith('AFTER') ? 'CONSTRAINT TRIGGER' : 'TRIGGER';
    await admin.query(
      `CREATE FUNCTION router.fail() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'no disk'; END $$;
       CREATE ${kind} fail ${moment} EXECUTE FUNCTION router.fail()`,
    );
    try {
      const request = { kind: 'coderai', name: 'unrecorded' };
      expect((await call(anna, 'POST', '/providers', request)).status).toBe(500);
    } finally {
      await admin.query('DROP FUNCTION router.fail() CASCADE');
    }
    const { rows } = await admin.query(
      `SELECT name FROM router.provider WHERE name = 'unrecorded'
       UNION ALL SELECT subject FROM router.act WHERE detail ->> 'name' = 'unrecorded'`,
    );
    expect(rows).toEqual([]);
  });
});

describe('the record', () => {
  it('hears all of it when it is back', async () => {
    harness.accounts.state.actTrouble = 'away';
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1) ids.push((await provider()).id);
    expect(await waiting()).toBe(5);
    expect(heard()).toEqual([]);
    harness.accounts.state.actTrouble = undefined;
    expect((await told()).map(({ subject }) => subject)).toEqual(ids);
  });

  it('is told again, under the same id, where its answer was lost', async () => {
    harness.accounts.state.actTrouble = 'mute';
    const { id } = await provider();
    await until(() => heard().length >= 3);
    harness.accounts.state.actTrouble = undefined;
    expect(await told()).toMatchObject([{ action: 'provider.create', subject: id }]);
  });

  it.each([
    'UPDATE router.act SET action = NULL',
    'DELETE FROM router.act',
    'TRUNCATE router.act CASCADE',
  ])('is made of what cannot be changed: %s', async (sql) => {
    await expect(admin.query(sql)).rejects.toThrow(/append-only/);
    const service = new Client({ connectionString: harness.database.urls.router });
    await service.connect();
    try {
      await expect(service.query(sql)).rejects.toThrow(/permission denied/);
    } finally {
      await service.end();
    }
  });
});
