import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { internalPaths } from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { admitRequest } from './admit-request.js';
import { type Harness, type RunningRouter, startHarness } from './running-router.js';

type Row = Readonly<{
  id: string;
  owner_id: string;
  credential_version: number;
  credential_key_id: string | null;
  credential_data_key: Buffer | null;
  credential_ciphertext: Buffer | null;
}>;

const [firstKey, secondKey] = [randomBytes(32), randomBytes(32)];
const first = `first:${firstKey.toString('base64')}`;
const second = `second:${secondKey.toString('base64')}`;

const quick = { ROUTER_CREDENTIAL_REWRAP_INTERVAL_MS: '50', ROUTER_CREDENTIAL_REWRAP_BATCH: '2' };
/** Longer than a test: nothing moves by itself. */
const never = { ROUTER_CREDENTIAL_REWRAP_INTERVAL_MS: '86400000' };

let harness: Harness;
let admin: Client;
let operator: string;
const running: RunningRouter[] = [];

beforeAll(async () => {
  harness = await startHarness();
  operator = harness.accounts.token('global').apiToken;
  admin = new Client({
    connectionString: harness.database.adminUrl,
    options: '-c search_path=router',
  });
  await admin.connect();
});

beforeEach(async () => {
  await admin.query('DELETE FROM provider');
});

afterEach(async () => {
  for (const router of running.splice(0)) await router.close();
});

afterAll(async () => {
  await admin?.end();
  await harness?.stop();
});

async function routerWith(keys: string, changes: Readonly<Record<string, string>> = never) {
  const router = await harness.router({ ROUTER_CREDENTIAL_KEYS: keys, ...changes });
  running.push(router);
  return router;
}

async function hosted(router: RunningRouter, name: string, credential: string): Promise<string> {
  const body = {
    kind: 'openai',
    name,
    baseUrl: 'https://upstream.example/v1',
    credential,
    models: [{ name: 'gpt' }],
  };
  const { status, body: answer } = await router.call(
    operator,
    'POST',
    '/api/catalog/providers',
    body,
  );
  expect(status).toBe(201);
  return answer.provider.id;
}

/** What an upstream would be sent, or the reasons why it is not called. */
async function sentTo(router: RunningRouter, name: string): Promise<string> {
  const { body } = await router.internal(
    internalPaths.routerAdmit,
    admitRequest(operator, `${name}/gpt`),
  );
  return body.candidates?.[0]?.headers.authorization ?? body.fault.details.reasons;
}

async function rowOf(id: string): Promise<Row> {
  const { rows } = await admin.query<Row>('SELECT * FROM provider WHERE id = $1', [id]);
  const [row] = rows;
  if (!row) throw new Error('There is no such provider.');
  return row;
}

async function figures(router: RunningRouter): Promise<Record<string, number>> {
  const { body } = await router.get('/metrics');
  const lines = [
    ...String(body).matchAll(
      /^aisbf_router_(credentials\w*){(?:key_id|reason)="(\w+)".*} (\d+)$/gm,
    ),
  ];
  return Object.fromEntries(
    lines.map(([, name, label, count]) => [`${name} ${label}`, Number(count)]),
  );
}

const untilLeft = (router: RunningRouter, expected: Readonly<Record<string, number>>) =>
  until(async () => {
    const now = await figures(router);
    return Object.entries(expected).every(([name, count]) => now[name] === count);
  });

/** Puts a credential into the form of installations from before envelopes. */
async function storeDirectly(id: string, credential: string, key: Buffer): Promise<void> {
  const { owner_id: ownerId } = await rowOf(id);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(`aisbf credential v1\n${ownerId}\n${id}`));
  const parts = [nonce, cipher.update(credential, 'utf8'), cipher.final(), cipher.getAuthTag()];
  const fingerprint = createHash('sha256').update('key id').update(key).digest('hex').slice(0, 16);
  await admin.query(
    `UPDATE provider SET credential_version = 1, credential_data_key = NULL,
       credential_ciphertext = $2, credential_key_id = $3 WHERE id = $1`,
    [id, Buffer.concat(parts), fingerprint],
  );
}

/** Has all routers look at the rows again. */
const raiseRevision = () => admin.query('UPDATE catalogue_revision SET revision = revision + 1');

describe('stored credentials', () => {
  it('are rotated: a new key, everything moved, the former key gone, no request without', async () => {
    const before = await routerWith(first);
    const names = ['one', 'two', 'three', 'four', 'five'];
    const ids = [];
    for (const name of names) ids.push(await hosted(before, name, `sk-${name}`));
    const rows: Row[] = [];
    for (const id of ids) rows.push(await rowOf(id));
    expect(await figures(before)).toMatchObject({ 'credentials_unreadable key_unknown': 0 });

    // Known everywhere before it is used anywhere.
    const knowing = await routerWith(`${first},${second}`);
    const [moving, alsoMoving] = await Promise.all([
      routerWith(`${second},${first}`, quick),
      routerWith(`${second},${first}`, quick),
    ]);
    await untilLeft(moving, { 'credentials first': 0, 'credentials second': 5 });
    await untilLeft(alsoMoving, { 'credentials first': 0, 'credentials unknown': 0 });
    for (const [index, id] of ids.entries()) {
      const [row, earlier] = [await rowOf(id), rows[index]];
      expect(row).toMatchObject({ credential_version: 2, credential_key_id: 'second' });
      // The credential itself was not touched.
      expect(row.credential_ciphertext).toEqual(earlier?.credential_ciphertext);
      expect(row.credential_data_key).not.toEqual(earlier?.credential_data_key);
    }
    const after = await routerWith(second);
    for (const router of [before, knowing, moving, after]) {
      for (const name of names) expect(await sentTo(router, name)).toBe(`Bearer sk-${name}`);
    }
  });

  it('of the earlier form are read, and moved into envelopes under the current key', async () => {
    const router = await routerWith(first);
    const id = await hosted(router, 'old', 'sk-old');
    await storeDirectly(id, 'sk-ältere', firstKey);
    await raiseRevision();
    await until(async () => (await sentTo(router, 'old')) === 'Bearer sk-ältere');

    const moving = await routerWith(first, quick);
    await until(async () => (await rowOf(id)).credential_version === 2);
    expect(await rowOf(id)).toMatchObject({ credential_key_id: 'first' });
    await untilLeft(moving, { 'credentials first': 1, 'credentials unknown': 0 });
    expect(await sentTo(await routerWith(first), 'old')).toBe('Bearer sk-ältere');
  });

  it('under an unknown key stop their own provider only, and raise an alarm', async () => {
    const former = await routerWith(first);
    const lost = await hosted(former, 'lost', 'sk-lost');
    const router = await routerWith(second, quick);
    await hosted(router, 'fine', 'sk-fine');
    await untilLeft(router, {
      'credentials second': 1,
      'credentials unknown': 1,
      'credentials_unreadable key_unknown': 1,
      'credentials_unreadable mismatched': 0,
    });
    expect(await sentTo(router, 'lost')).toBe('credential_unreadable');
    expect(await sentTo(router, 'fine')).toBe('Bearer sk-fine');
    expect(await rowOf(lost)).toMatchObject({ credential_key_id: 'first' });

    // A credential that is put in its place heals it.
    const path = `/api/catalog/providers/${lost}`;
    expect((await router.call(operator, 'PATCH', path, { credential: 'sk-found' })).status).toBe(
      200,
    );
    expect(await sentTo(router, 'lost')).toBe('Bearer sk-found');
    await untilLeft(router, { 'credentials unknown': 0, 'credentials_unreadable key_unknown': 0 });
  });

  it('open for nobody else, wherever their row is moved', async () => {
    const router = await routerWith(first);
    const [one, two] = [
      await hosted(router, 'one', 'sk-one'),
      await hosted(router, 'two', 'sk-two'),
    ];
    await admin.query(
      `UPDATE provider SET (credential_ciphertext, credential_data_key) =
         (SELECT credential_ciphertext, credential_data_key FROM provider WHERE id = $1) WHERE id = $2`,
      [one, two],
    );
    await raiseRevision();
    await until(async () => (await sentTo(router, 'two')) === 'credential_unreadable');
    expect(await sentTo(router, 'one')).toBe('Bearer sk-one');
    await untilLeft(router, { 'credentials_unreadable mismatched': 1 });
    await admin.query('UPDATE provider SET owner_id = gen_random_uuid() WHERE id = $1', [one]);
    await raiseRevision();
    await untilLeft(router, { 'credentials_unreadable mismatched': 2 });
  });

  it('never lose an edit that comes while they are moved', async () => {
    const before = await routerWith(first);
    const names = Array.from({ length: 12 }, (_, index) => `busy-${index}`);
    const ids = [];
    for (const name of names) ids.push(await hosted(before, name, 'sk-0'));
    const routers = [
      await routerWith(`${second},${first}`, {
        ...quick,
        ROUTER_CREDENTIAL_REWRAP_INTERVAL_MS: '1',
      }),
      await routerWith(`${second},${first}`, {
        ...quick,
        ROUTER_CREDENTIAL_REWRAP_INTERVAL_MS: '1',
      }),
    ];
    // An earlier router keeps writing under the former key, so that there is always something to move.
    for (let round = 1; round <= 6; round += 1) {
      const edits = ids.map((id) =>
        before.call(operator, 'PATCH', `/api/catalog/providers/${id}`, {
          credential: `sk-${round}`,
        }),
      );
      for (const { status } of await Promise.all(edits)) expect(status).toBe(200);
    }
    const [mover] = routers;
    if (mover) await untilLeft(mover, { 'credentials first': 0, 'credentials second': 12 });
    const after = await routerWith(second);
    for (const name of names) expect(await sentTo(after, name)).toBe('Bearer sk-6');
  });

  it('that somebody is changing are passed over, and found again as they are then', async () => {
    const before = await routerWith(first);
    const [held, free] = [
      await hosted(before, 'held', 'sk-edited'),
      await hosted(before, 'free', 'sk-free'),
    ];
    const edited = await rowOf(held);
    const path = `/api/catalog/providers/${held}`;
    await before.call(operator, 'PATCH', path, { credential: 'sk-former' });
    await admin.query('BEGIN');
    await admin.query(
      'UPDATE provider SET credential_ciphertext = $2, credential_data_key = $3 WHERE id = $1',
      [held, edited.credential_ciphertext, edited.credential_data_key],
    );
    const moving = await routerWith(`${second},${first}`, quick);
    const isWaitedFor = async () =>
      (await admin.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))
        .rowCount === 1;
    const isMoved = async () => (await rowOf(free)).credential_key_id === 'second';
    await until(async () => (await isMoved()) || (await isWaitedFor()));
    await admin.query('COMMIT');
    await untilLeft(moving, { 'credentials first': 0, 'credentials second': 2 });
    const after = await routerWith(second);
    expect(await sentTo(after, 'held')).toBe('Bearer sk-edited');
    expect(await sentTo(after, 'free')).toBe('Bearer sk-free');
  });

  it('are replaced and taken away by whoever manages the provider, and belong to hosted ones', async () => {
    const router = await routerWith(first);
    const id = await hosted(router, 'edited', 'sk-1');
    const path = `/api/catalog/providers/${id}`;
    const answer = await router.call(operator, 'PATCH', path, { credential: 'sk-2' });
    expect(JSON.stringify(answer.body)).not.toContain('sk-');
    expect(await sentTo(router, 'edited')).toBe('Bearer sk-2');
    await router.call(operator, 'PATCH', path, { isEnabled: true });
    expect(await sentTo(router, 'edited')).toBe('Bearer sk-2');
    expect((await router.call(operator, 'PATCH', path, { credential: '' })).status).toBe(400);
    await router.call(operator, 'PATCH', path, { credential: null });
    expect(await rowOf(id)).toMatchObject({
      credential_version: 1,
      credential_data_key: null,
      credential_ciphertext: null,
    });
    const own = { kind: 'coderai', name: 'own' };
    const { body } = await router.call(operator, 'POST', '/api/catalog/providers', own);
    const refused = await router.call(
      operator,
      'PATCH',
      `/api/catalog/providers/${body.provider.id}`,
      { credential: 'sk-1' },
    );
    expect([refused.status, refused.body.error.code]).toEqual([409, 'provider_without_credential']);
  });

  it('do not go into addresses, where they would be shown', async () => {
    const router = await routerWith(first);
    const body = { kind: 'openai', name: 'shown', models: [{ name: 'gpt' }] };
    for (const login of ['user:sk-1@', 'sk-1@', ':sk-1@']) {
      const baseUrl = `https://${login}upstream.example/v1`;
      const answer = await router.call(operator, 'POST', '/api/catalog/providers', {
        ...body,
        baseUrl,
      });
      expect(answer.status).toBe(400);
      expect(JSON.stringify(answer.body)).not.toContain('sk-1');
    }
  });
});
