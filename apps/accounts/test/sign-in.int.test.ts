import { randomUUID } from 'node:crypto';
import { internalPaths } from '@aisbf/contracts';
import { totpOf } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, type Stage, startStage } from './accounts-stage.js';

const password = 'correct horse battery';
let stage: Stage;
let addresses = 0;

beforeAll(async () => {
  stage = await startStage({ ACCOUNTS_SIGN_IN_ATTEMPTS_MAX: '6' });
});
afterAll(() => stage.stop());

/** Each test calls from an address of its own, so that none uses up another's attempts. */
const browser = () => {
  addresses += 1;
  return stage.browser(`198.51.100.${addresses}`);
};

const nobody = () => {
  const username = `user-${randomUUID().slice(0, 8)}`;
  return { username, email: `${username}@example.com`, password };
};

async function signedUp() {
  const person = nobody();
  const page = browser();
  expect((await page.call('POST', '/sign-up/email', person)).status).toBe(200);
  const link = await stage.mails.linkTo(person.email);
  expect((await page.follow(link)).status).toBe(302);
  return { ...person, page };
}

async function signedIn() {
  const person = await signedUp();
  const { email, page } = person;
  expect((await page.call('POST', '/sign-in/email', { email, password })).status).toBe(200);
  return person;
}

const whoIs = async (page: Browser) =>
  stage.call('GET', '/api/account/me', await page.accessToken());

describe('signing up', () => {
  it('makes a user with an owner and a wallet, who signs in once the address is proved', async () => {
    const person = nobody();
    const page = browser();
    await page.call('POST', '/sign-up/email', person);
    const credentials = { email: person.email, password };
    expect(await page.call('POST', '/sign-in/email', credentials)).toMatchObject({
      status: 403,
      body: { error: { code: 'email_not_verified' } },
    });
    await page.follow(await stage.mails.linkTo(person.email));
    const signIn = await page.call('POST', '/sign-in/email', credentials);
    expect(signIn).toMatchObject({
      status: 200,
      body: { user: { name: person.username, role: 'member' } },
    });
    expect(JSON.stringify(signIn.body)).not.toContain('token');
    expect(await whoIs(page)).toMatchObject({
      status: 200,
      body: { username: person.username, scopes: ['manage', 'usage'], apiTokenId: null },
    });
    const balance = await stage.call('GET', '/api/account/balance', await page.accessToken());
    expect(balance.body).toMatchObject({ username: person.username, posted: '0' });
  });

  it('keeps sessions in cookies that no script reads and no other site sends', async () => {
    const { page } = await signedIn();
    const cookie = page.seenCookies.find((text) => text.includes('session_token='));
    expect(cookie).toMatch(/HttpOnly/i);
    expect(cookie).toMatch(/SameSite=Lax/i);
    expect(cookie).toMatch(/Path=\//i);
  });

  it('answers the same for an address that is known, and tells its owner', async () => {
    const known = await signedUp();
    const stranger = nobody();
    const again = { ...nobody(), email: known.email };
    const mailsBefore = stage.mails.mails.length;
    const [fresh, repeated] = [
      await browser().call('POST', '/sign-up/email', stranger),
      await browser().call('POST', '/sign-up/email', again),
    ];
    expect(repeated.status).toBe(fresh.status);
    expect(Object.keys(repeated.body)).toEqual(Object.keys(fresh.body));
    await stage.mails.linkTo(stranger.email, mailsBefore);
    // Neither name is free any more, so that it does not tell either.
    for (const { username } of [stranger, again]) {
      const taken = await browser().call('POST', '/sign-up/email', { ...nobody(), username });
      expect(taken).toMatchObject({ status: 409, body: { error: { code: 'username_taken' } } });
      const byOperator = await stage.call('POST', '/api/account/users', stage.operatorToken, {
        username,
      });
      expect(byOperator.status).toBe(409);
    }
  });

  it.each([
    ['the name of the operators', { username: 'global' }],
    ['a name that cannot stand in a path', { username: 'No Spaces' }],
    ['a short password', { password: 'short' }],
    ['something that is no address', { email: 'nobody' }],
    ['a role of its own choice', { role: 'operator' }],
    ['an owner of its own choice', { ownerId: randomUUID() }],
  ])('refuses %s', async (_what, change) => {
    const answer = await browser().call('POST', '/sign-up/email', { ...nobody(), ...change });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'request_invalid' } } });
  });

  it('makes both the user and the owner, or neither', async () => {
    const { rows } = await stage.admin.query(
      `SELECT count(*)::int AS broken FROM app_user u FULL JOIN owner o ON o.id = u.owner_id
       LEFT JOIN wallet w ON w.owner_id = o.id
       WHERE o.id IS NULL OR w.owner_id IS NULL OR (u.id IS NULL AND o.username <> 'global')`,
    );
    expect(rows).toEqual([{ broken: 0 }]);
  });
});

describe('signing in', () => {
  it('tells nobody whether an address is known', async () => {
    const { email, page } = await signedUp();
    const wrong = await page.call('POST', '/sign-in/email', { email, password: 'not that one' });
    const unknown = await page.call('POST', '/sign-in/email', { ...nobody(), username: undefined });
    expect(wrong.status).toBe(401);
    expect({ status: wrong.status, body: wrong.body }).toEqual({
      status: unknown.status,
      body: unknown.body,
    });
    const resets = [
      await page.call('POST', '/request-password-reset', { email }),
      await page.call('POST', '/request-password-reset', { email: nobody().email }),
    ];
    expect(resets[0]?.body).toEqual(resets[1]?.body);
  });

  it('lets an account be tried only so often, from however many addresses, known or not', async () => {
    const { email } = await signedUp();
    for (const target of [email, nobody().email]) {
      const statuses: number[] = [];
      for (let attempt = 0; attempt < 7; attempt += 1) {
        const body = { email: target, password: 'not that one' };
        statuses.push((await browser().call('POST', '/sign-in/email', body)).status);
      }
      expect(statuses).toEqual([401, 401, 401, 401, 401, 401, 429]);
    }
    const shut = await browser().call('POST', '/sign-in/email', { email, password });
    expect(shut.body).toMatchObject({ error: { code: 'attempts_too_many' } });
    expect(Number(shut.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('lets an address try only so often, whomever it tries', async () => {
    const page = browser();
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 31; attempt += 1) {
      const { email } = nobody();
      statuses.push((await page.call('POST', '/sign-in/email', { email, password })).status);
    }
    expect(statuses.filter((status) => status === 429)).toHaveLength(1);
    expect(statuses.at(-1)).toBe(429);
  });

  it('refuses calls that another site makes with the cookies', async () => {
    const { page } = await signedIn();
    page.origin = 'https://evil.example';
    expect((await page.call('POST', '/sign-out', {})).status).toBe(403);
    page.origin = 'http://market.example';
    expect((await whoIs(page)).status).toBe(200);
  });

  it('leads nobody on to another site', async () => {
    const { email, page } = await signedUp();
    const body = { email, redirectTo: 'https://evil.example/' };
    expect((await page.call('POST', '/request-password-reset', body)).status).toBe(403);
  });

  it('shows no door of the library that the contract does not name', async () => {
    const { page } = await signedIn();
    for (const path of ['/update-user', '/delete-user', '/sign-in/social', '/list-accounts']) {
      expect((await page.call('POST', path, {})).status).toBe(404);
    }
  });
});

describe('access tokens', () => {
  it('are refused from the answer of the sign-out on', async () => {
    const { page } = await signedIn();
    const token = await page.accessToken();
    expect((await stage.call('GET', '/api/account/me', token)).status).toBe(200);
    const out = await page.call('POST', '/sign-out', {});
    expect(out.headers.get('x-aisbf-acknowledged')).toBe('true');
    expect((await stage.call('GET', '/api/account/me', token)).status).toBe(401);
    expect((await page.call('GET', '/token')).status).toBe(401);
  });

  it('live for five minutes at most, and say nothing that is secret', async () => {
    const { page, email } = await signedIn();
    const [, payload = ''] = (await page.accessToken()).split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    expect(claims.exp - claims.iat).toBeLessThanOrEqual(300);
    expect(Object.keys(claims).sort()).toEqual(
      ['aud', 'exp', 'iat', 'iss', 'name', 'owner', 'rev', 'role', 'sid', 'sub'].sort(),
    );
    expect(JSON.stringify(claims)).not.toContain(email);
  });

  it('buy nothing', async () => {
    const { page } = await signedIn();
    const apiToken = await page.accessToken();
    const identified = await stage.internal(internalPaths.accountsIdentify, {
      type: 'identify',
      apiToken,
    });
    expect(identified.body).toMatchObject({ apiTokenId: null, scopes: ['manage', 'usage'] });
  });
});

describe('passwords', () => {
  it('are chosen anew by the link of a mail, which works once and ends every session', async () => {
    const { page, email } = await signedIn();
    const token = await page.accessToken();
    const before = stage.mails.mails.length;
    await page.call('POST', '/request-password-reset', { email, redirectTo: '/reset' });
    const link = await stage.mails.linkTo(email, before);
    const { headers } = await browser().follow(link);
    const reset = new URL(headers.get('location') ?? '', 'http://market.example');
    const body = { token: reset.searchParams.get('token'), newPassword: 'another horse entirely' };
    expect((await browser().call('POST', '/reset-password', body)).status).toBe(200);
    expect((await browser().call('POST', '/reset-password', body)).status).toBe(400);
    expect((await stage.call('GET', '/api/account/me', token)).status).toBe(401);
    expect((await browser().call('POST', '/sign-in/email', { email, password })).status).toBe(401);
    const fresh = { email, password: 'another horse entirely' };
    expect((await page.call('POST', '/sign-in/email', fresh)).status).toBe(200);
    const trail = await stage.call('GET', '/api/account/audit', await page.accessToken());
    expect(trail.body.events).toContainEqual(
      expect.objectContaining({ action: 'password.change', detail: { byMail: true } }),
    );
  });

  it('are changed by whoever knows the one before, which ends the other sessions', async () => {
    const { page, email } = await signedIn();
    const other = browser();
    await other.call('POST', '/sign-in/email', { email, password });
    const otherToken = await other.accessToken();
    const change = { currentPassword: 'wrong password', newPassword: 'another horse entirely' };
    expect((await page.call('POST', '/change-password', change)).status).toBe(400);
    const right = { ...change, currentPassword: password };
    expect((await page.call('POST', '/change-password', right)).status).toBe(200);
    expect((await stage.call('GET', '/api/account/me', otherToken)).status).toBe(401);
    expect((await whoIs(page)).status).toBe(200);
  });

  it('are kept as hashes', async () => {
    const { email } = await signedUp();
    const { rows } = await stage.admin.query(
      `SELECT a.password FROM auth_account a JOIN app_user u ON u.id = a.user_id WHERE u.email = $1`,
      [email],
    );
    expect(rows).toEqual([{ password: expect.not.stringContaining(password) }]);
  });
});

describe('the record', () => {
  it('tells of what happens to ways in, and holds no address, password or token', async () => {
    const { page, email, username } = await signedIn();
    const setup = await page.call('POST', '/two-factor/enable', { password });
    const code = totpOf(String(setup.body.totpURI));
    await page.call('POST', '/two-factor/verify-totp', { code });
    const newPassword = 'another horse entirely';
    await page.call('POST', '/change-password', { currentPassword: password, newPassword });
    const token = await page.accessToken();
    const { body } = await stage.call('GET', '/api/account/audit?limit=200', token);
    const events = body.events as { action: string; username: string; address: string }[];
    const actions = new Set(events.map(({ action }) => action));
    for (const action of [
      'user.create',
      'email.verify',
      'session.begin',
      'session.end',
      'two-factor.change',
      'password.change',
    ]) {
      expect(actions).toContain(action);
    }
    expect(new Set(events.map((event) => event.username))).toEqual(new Set([username]));
    expect(events[0]?.address).toMatch(/^198\.51\.100\./);
    const text = JSON.stringify(body);
    for (const secret of [email, password, newPassword, token]) expect(text).not.toContain(secret);
  });
});

describe('a second factor', () => {
  it('is asked for once it is set up, takes backup codes once, and is guessed at a few times only', async () => {
    const { page, email } = await signedIn();
    const setup = await page.call('POST', '/two-factor/enable', { password });
    const { totpURI, backupCodes } = setup.body as { totpURI: string; backupCodes: string[] };
    const wrongSetup = await page.call('POST', '/two-factor/verify-totp', { code: '000000' });
    expect(wrongSetup.status).toBe(401);
    const confirmed = await page.call('POST', '/two-factor/verify-totp', { code: totpOf(totpURI) });
    expect(confirmed.status).toBe(200);

    const half = browser();
    const first = await half.call('POST', '/sign-in/email', { email, password });
    expect(first.body).toMatchObject({ twoFactorRedirect: true });
    expect((await half.call('GET', '/token')).status).toBe(401);
    const code = totpOf(totpURI);
    expect((await half.call('POST', '/two-factor/verify-totp', { code })).status).toBe(200);
    expect((await whoIs(half)).status).toBe(200);

    const [backup = ''] = backupCodes;
    for (const status of [200, 401]) {
      const lost = browser();
      await lost.call('POST', '/sign-in/email', { email, password });
      const answer = await lost.call('POST', '/two-factor/verify-backup-code', { code: backup });
      expect(answer.status).toBe(status);
    }

    const guesser = browser();
    await guesser.call('POST', '/sign-in/email', { email, password });
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 6; attempt += 1) {
      const guess = await guesser.call('POST', '/two-factor/verify-totp', { code: '000000' });
      statuses.push(guess.status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 400]);
  });
});
