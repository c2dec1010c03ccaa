import { randomUUID } from 'node:crypto';
import { AccessRenewed, Acknowledgement, internalPaths } from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Stage, startStage } from './accounts-stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({
    ACCOUNTS_ACKNOWLEDGE_MS_MAX: '2000',
    ACCOUNTS_TOKEN_USE_INTERVAL_MS: '50',
  });
});
afterAll(() => stage.stop());

const asOperator = (method: string, path: string, body?: unknown) =>
  stage.call(method, `/api/account${path}`, stage.operatorToken, body);

async function member() {
  const username = `user-${randomUUID().slice(0, 8)}`;
  await asOperator('POST', '/users', { username });
  const { id, apiToken } = await tokenOf(username);
  return { username, id, apiToken };
}

async function tokenOf(username: string, more: object = {}) {
  const request = { name: 't', username, scopes: ['inference', 'manage', 'usage'], ...more };
  const { body } = await asOperator('POST', '/api-tokens', request);
  return { id: String(body.id), apiToken: String(body.apiToken) };
}

const renew = async (verifierId: string, revision: number | null) =>
  AccessRenewed.parse(
    (
      await stage.internal(internalPaths.accountsRenewAccess, {
        type: 'renew-access',
        verifierId,
        revision,
      })
    ).body,
  );
const leave = (verifierId: string) =>
  stage.internal(internalPaths.accountsLeaveAccess, { type: 'leave-access', verifierId });
const revoke = async (id: string, apiToken: string) => {
  const answer = await stage.call('DELETE', `/api/account/api-tokens/${id}`, apiToken);
  return Acknowledgement.parse(answer.body);
};

describe('a revocation', () => {
  it('waits for a service that remembers, until it serves the change', async () => {
    const { id, apiToken } = await member();
    const { revision } = await renew('slow', null);
    await renew('slow', revision);
    let isAnswered = false;
    const pending = revoke(id, apiToken).finally(() => {
      isAnswered = true;
    });
    const news = await until(async () => {
      const renewed = await renew('slow', revision);
      return renewed.changes.length > 0 && renewed;
    });
    expect(news.changes).toEqual([{ revision: news.revision, subject: id }]);
    expect(isAnswered).toBe(false);
    await renew('slow', news.revision);
    expect(await pending).toEqual({ revision: news.revision, isAcknowledged: true, missing: [] });
    await leave('slow');
  });

  it('does not wait for long for one that has died, nor for one that has left', async () => {
    const { id, apiToken } = await member();
    const { revision } = await renew('dead', null);
    await renew('dead', revision);
    expect((await revoke(id, apiToken)).isAcknowledged).toBe(true);
  });

  it('names those who live and do not serve it', async () => {
    const { id, apiToken } = await member();
    const { revision } = await renew('deaf', null);
    const beats = setInterval(() => void renew('deaf', revision), 100);
    try {
      expect(await revoke(id, apiToken)).toMatchObject({
        isAcknowledged: false,
        missing: ['deaf'],
      });
    } finally {
      clearInterval(beats);
      await leave('deaf');
    }
  });

  it('tells one that was away for too long to forget everything', async () => {
    const { id, apiToken } = await member();
    await revoke(id, apiToken);
    expect(await renew('old', 999_999_999)).toMatchObject({ isComplete: false, changes: [] });
    await leave('old');
  });

  it('becomes visible in the order of its revisions, whoever commits first', async () => {
    const people = await Promise.all(Array.from({ length: 8 }, member));
    const seen: number[] = [];
    let revision = (await renew('order', null)).revision;
    let isDone = false;
    const watching = (async () => {
      while (!isDone) {
        const renewed = await renew('order', revision);
        expect(renewed.isComplete).toBe(true);
        seen.push(...renewed.changes.map((change) => change.revision));
        revision = renewed.revision;
      }
    })();
    await Promise.all(people.map(({ id, apiToken }) => revoke(id, apiToken)));
    isDone = true;
    await watching;
    await leave('order');
    const { rows } = await stage.admin.query<{ revision: string }>(
      'SELECT revision FROM access_change ORDER BY revision DESC LIMIT 8',
    );
    expect(seen.slice(-8)).toEqual(rows.map((row) => Number(row.revision)).reverse());
  });
});

describe('revisions', () => {
  it('wait for the transaction that took the one before', async () => {
    const [ann, bob] = [await member(), await member()];
    const [first, second] = [await stage.admin.connect(), await stage.admin.connect()];
    const change = 'UPDATE api_token SET concurrency_max = concurrency_max + 1 WHERE id = $1';
    let isSecondDone = false;
    try {
      await first.query('BEGIN');
      await first.query(change, [ann.id]);
      // As at its commit, which is yet to come: the first has its revision.
      await first.query('SET CONSTRAINTS ALL IMMEDIATE');
      const { rows } = await second.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      const waiting = second.query(change, [bob.id]).then(() => {
        isSecondDone = true;
      });
      await until(async () => {
        const { rowCount } = await first.query(
          "SELECT FROM pg_locks WHERE pid = $1 AND locktype = 'advisory' AND NOT granted",
          [rows[0]?.pid],
        );
        return isSecondDone || rowCount === 1;
      });
      expect(isSecondDone).toBe(false);
      await first.query('COMMIT');
      await waiting;
    } finally {
      first.release();
      second.release();
    }
    const { rows } = await stage.admin.query<{ subject: string }>(
      'SELECT subject FROM access_change ORDER BY revision DESC LIMIT 2',
    );
    expect(rows.map(({ subject }) => subject)).toEqual([bob.id, ann.id]);
  });
});

describe('API tokens', () => {
  it('are rotated: the secret before ends at once, or after an overlap', async () => {
    const { username, id, apiToken } = await member();
    const path = `/api/account/api-tokens/${id}/rotate`;
    const first = await stage.call('POST', path, apiToken);
    expect(first.status).toBe(200);
    const fresh = String((first.body.apiToken as { apiToken: string }).apiToken);
    expect((await stage.call('GET', '/api/account/me', apiToken)).status).toBe(401);
    expect((await stage.call('GET', '/api/account/me', fresh)).body).toMatchObject({
      username,
      apiTokenId: id,
    });
    const second = await stage.call('POST', path, fresh, { overlapMs: 400 });
    const newest = String((second.body.apiToken as { apiToken: string }).apiToken);
    const me = await stage.call('GET', '/api/account/me', fresh);
    expect(me.body.expiresAtMs).toBe(Date.parse(String(second.body.previousValidUntil)));
    await until(async () => (await stage.call('GET', '/api/account/me', fresh)).status === 401);
    expect((await stage.call('GET', '/api/account/me', newest)).status).toBe(200);
  });

  it('are changed, listed by pages and shown without their secret', async () => {
    const { username, id, apiToken } = await member();
    await tokenOf(username);
    const change = {
      name: 'renamed',
      scopes: ['manage'],
      limits: { concurrencyMax: 3 },
      rules: { routes: ['rotation/*'], addresses: ['127.0.0.0/8'] },
    };
    const path = `/api/account/api-tokens/${id}`;
    const changed = await stage.call('PATCH', path, apiToken, change);
    expect(changed.body).toMatchObject({
      apiToken: {
        name: 'renamed',
        scopes: ['manage'],
        limits: { concurrencyMax: 3 },
        rules: { routes: ['rotation/*'], models: [], addresses: ['127.0.0.0/8'] },
      },
      acknowledgement: { isAcknowledged: true },
    });
    const page = await stage.call('GET', '/api/account/api-tokens?limit=1', apiToken);
    const [newest] = page.body.apiTokens as { createdAt: string; id: string }[];
    const next = await stage.call(
      'GET',
      `/api/account/api-tokens?before=${newest?.createdAt}`,
      apiToken,
    );
    expect(next.body.apiTokens).toMatchObject([{ id }]);
    expect(JSON.stringify([changed.body, page.body])).not.toContain(apiToken);
  });

  it.each([
    ['a route with a star in its middle', { rules: { routes: ['a*b'] } }],
    ['something that is no network', { rules: { addresses: ['10.0.0.0/64'] } }],
    ['a scope that there is not', { scopes: ['everything'] }],
    ['what it does not know', { owner: 'me' }],
  ])('refuse %s', async (_what, change) => {
    const { id, apiToken } = await member();
    const answer = await stage.call('PATCH', `/api/account/api-tokens/${id}`, apiToken, change);
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'request_invalid' } } });
  });

  it('are good from the addresses that they name, as a proxy that is trusted tells them', async () => {
    const { username } = await member();
    const { apiToken } = await tokenOf(username, { rules: { addresses: ['203.0.113.0/24'] } });
    const from = async (address: string) => {
      const headers = { authorization: `Bearer ${apiToken}`, 'x-forwarded-for': address };
      return (await fetch(`${stage.url}/api/account/me`, { headers })).status;
    };
    expect(await from('203.0.113.9')).toBe(200);
    expect(await from('203.0.114.9')).toBe(403);
    // The last that a trusted proxy has seen counts, not what came before it.
    expect(await from('203.0.113.9, 198.51.100.1')).toBe(403);
  });

  it('say when they were last used', async () => {
    const { id, apiToken } = await member();
    const lastUse = async () => {
      const { body } = await stage.call('GET', '/api/account/api-tokens', apiToken);
      const found = (body.apiTokens as { id: string; lastUsedAt: string | null }[]).find(
        (token) => token.id === id,
      );
      return found?.lastUsedAt ?? false;
    };
    expect(Date.parse(await until(lastUse))).toBeGreaterThan(Date.now() - 60_000);
  });

  it("are nobody else's to see or change", async () => {
    const [ann, bob] = [await member(), await member()];
    const path = `/api/account/api-tokens/${ann.id}`;
    for (const [method, place, body] of [
      ['PATCH', path, { name: 'mine' }],
      ['POST', `${path}/rotate`, {}],
      ['DELETE', path, undefined],
    ] as const) {
      const answer = await stage.call(method, place, bob.apiToken, body);
      expect(answer).toMatchObject({
        status: 404,
        body: { error: { code: 'api_token_not_found' } },
      });
    }
    const listed = await stage.call('GET', '/api/account/api-tokens', bob.apiToken);
    expect(JSON.stringify(listed.body)).not.toContain(ann.id);
  });
});

describe('users', () => {
  it('are invited, choose a password by the link, and lose everything when they are disabled', async () => {
    const username = `user-${randomUUID().slice(0, 8)}`;
    const email = `${username}@example.com`;
    expect((await asOperator('POST', '/users', { username, email })).status).toBe(201);
    const { apiToken } = await tokenOf(username);
    const link = await stage.mails.linkTo(email);
    const page = stage.browser();
    const { headers } = await page.follow(link);
    const token = new URL(headers.get('location') ?? '', 'http://market.example').searchParams.get(
      'token',
    );
    const chosen = { token, newPassword: 'chosen by an invited one' };
    expect((await page.call('POST', '/reset-password', chosen)).status).toBe(200);
    const credentials = { email, password: chosen.newPassword };
    expect((await page.call('POST', '/sign-in/email', credentials)).status).toBe(200);
    const session = await page.accessToken();
    for (const secret of [apiToken, session]) {
      expect((await stage.call('GET', '/api/account/me', secret)).status).toBe(200);
    }
    const disabled = await asOperator('PATCH', `/users/${username}`, { isDisabled: true });
    expect(disabled.body).toMatchObject({
      user: { username, disabledAt: expect.any(String) },
      acknowledgement: { isAcknowledged: true },
    });
    for (const secret of [apiToken, session]) {
      expect((await stage.call('GET', '/api/account/me', secret)).status).toBe(401);
    }
    expect((await page.call('POST', '/sign-in/email', credentials)).status).toBe(401);
    expect((await asOperator('POST', '/api-tokens', { name: 't', username })).status).toBe(404);
    await asOperator('PATCH', `/users/${username}`, { isDisabled: false });
    expect((await page.call('POST', '/sign-in/email', credentials)).status).toBe(200);
    expect((await stage.call('GET', '/api/account/me', apiToken)).status).toBe(401);
  });

  it('change their role, and with it whose matters they manage', async () => {
    const { username, apiToken } = await member();
    const raised = await asOperator('PATCH', `/users/${username}`, { role: 'operator' });
    expect(raised.body).toMatchObject({ user: { role: 'operator' } });
    expect((await stage.call('GET', '/api/account/me', apiToken)).status).toBe(401);
    const fresh = await tokenOf(username);
    expect((await stage.call('GET', '/api/account/users', fresh.apiToken)).status).toBe(200);
    await asOperator('PATCH', `/users/${username}`, { role: 'member' });
    expect((await stage.call('GET', '/api/account/users', fresh.apiToken)).status).toBe(401);
    const again = await tokenOf(username);
    expect((await stage.call('GET', '/api/account/me', again.apiToken)).body).toMatchObject({
      username,
      role: 'member',
    });
  });

  it('leave at least one operator', async () => {
    for (const change of [{ role: 'member' }, { isDisabled: true }]) {
      const answer = await asOperator('PATCH', '/users/operator', change);
      expect(answer).toMatchObject({ status: 409, body: { error: { code: 'last_operator' } } });
    }
  });

  it('are only for operators to see and change', async () => {
    const { username, apiToken } = await member();
    for (const [method, path, body] of [
      ['GET', '/users', undefined],
      ['PATCH', `/users/${username}`, { role: 'operator' }],
      ['POST', '/users', { username: 'another' }],
    ] as const) {
      const answer = await stage.call(method, `/api/account${path}`, apiToken, body);
      expect(answer).toMatchObject({ status: 403, body: { error: { code: 'operator_only' } } });
    }
  });
});

describe('the record', () => {
  it('tells each owner of their own matters, operators of all, and never a secret', async () => {
    const [ann, bob] = [await member(), await member()];
    await stage.call('POST', `/api/account/api-tokens/${ann.id}/rotate`, ann.apiToken, {
      overlapMs: 60_000,
    });
    const own = await stage.call('GET', '/api/account/audit', ann.apiToken);
    expect(own.body.events).toMatchObject([
      { action: 'api-token.rotate', username: ann.username, subject: ann.id, actorTokenId: ann.id },
      { action: 'api-token.create', username: ann.username },
      { action: 'user.create', username: ann.username, address: expect.any(String) },
    ]);
    const others = await stage.call('GET', '/api/account/audit', bob.apiToken);
    expect(JSON.stringify(others.body)).not.toContain(ann.id);
    const all = await asOperator('GET', '/audit?limit=200');
    expect(JSON.stringify(all.body)).toContain(ann.id);
    const { rows } = await stage.admin.query(
      'SELECT row_to_json(a)::text AS line FROM audit_event a',
    );
    const text = JSON.stringify(rows);
    for (const { apiToken } of [ann, bob]) expect(text).not.toContain(apiToken.slice(-20));
  });

  it('takes acts of other services, each once however often it is told', async () => {
    const { username, apiToken } = await member();
    const { body: me } = await stage.call('GET', '/api/account/me', apiToken);
    const act = {
      ...{ type: 'record-act', id: randomUUID(), doneAtMs: 1_700_000_000_000 },
      ...{ ownerId: me.ownerId, actorUser: me.userId, actorToken: me.apiTokenId },
      ...{ address: '203.0.113.9', action: 'provider.create', subject: 'box' },
      detail: { kind: 'coderai', members: ['one', 'two'] },
    };
    const tell = (change: object = {}) =>
      stage.internal(internalPaths.accountsRecordAct, { ...act, ...change });
    const answers = await Promise.all(Array.from({ length: 8 }, () => tell()));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect((await tell({ action: 'provider.delete' })).status).toBe(200);
    const { body } = await stage.call('GET', '/api/account/audit', apiToken);
    const events = (body.events as { subject: string; at: string }[]).filter(
      ({ subject }) => subject === 'box',
    );
    expect(events).toMatchObject([
      {
        ...{ username, action: 'provider.create', address: '203.0.113.9' },
        ...{ actorUserId: me.userId, actorTokenId: me.apiTokenId },
        detail: { ...act.detail, doneAt: '2023-11-14T22:13:20.000Z' },
      },
    ]);
    // A day that is over stays as it was.
    expect(Date.parse(events[0]?.at ?? '')).toBeGreaterThan(Date.now() - 60_000);
    for (const change of [{ action: 'everything' }, { id: 'one' }, { detail: { deep: {} } }]) {
      expect((await tell(change)).status).toBe(400);
    }
    expect((await stage.call('POST', internalPaths.accountsRecordAct, apiToken, act)).status).toBe(
      403,
    );
  });

  it.each([
    'DELETE FROM audit_taken',
    'UPDATE audit_event SET action = NULL',
    'DELETE FROM audit_event',
    'TRUNCATE audit_event',
  ])('cannot be changed: %s', async (sql) => {
    await expect(stage.admin.query(sql)).rejects.toThrow(/append-only/);
  });
});
