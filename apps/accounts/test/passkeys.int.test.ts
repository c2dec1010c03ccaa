import { randomBytes, randomUUID } from 'node:crypto';
import { SoftwareAuthenticator } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, publicUrl, type Stage, startStage } from './accounts-stage.js';

type Ceremony = Parameters<SoftwareAuthenticator['create']>[1];
type CreationOptions = Parameters<SoftwareAuthenticator['create']>[0];
type ChallengeOptions = Parameters<SoftwareAuthenticator['get']>[0];

const password = 'correct horse battery';
const beginPath = '/passkey/generate-register-options';
const addPath = '/passkey/verify-registration';
const challengePath = '/passkey/generate-authenticate-options';
const signInPath = '/passkey/verify-authentication';
const listPath = '/passkey/list-user-passkeys';
const deletePath = '/passkey/delete-passkey';
const here: Ceremony = { origin: publicUrl };

let stage: Stage;
let addresses = 0;

beforeAll(async () => {
  stage = await startStage({ ACCOUNTS_PASSKEYS_MAX: '2' });
});
afterAll(() => stage.stop());

const browser = () => {
  addresses += 1;
  return stage.browser(`198.51.100.${addresses}`);
};

async function signedIn() {
  const username = `user-${randomUUID().slice(0, 8)}`;
  const email = `${username}@example.com`;
  const page = browser();
  await page.call('POST', '/sign-up/email', { username, email, password });
  await page.follow(await stage.mails.linkTo(email));
  expect((await page.call('POST', '/sign-in/email', { email, password })).status).toBe(200);
  return { username, email, page, device: new SoftwareAuthenticator() };
}

type Person = Awaited<ReturnType<typeof signedIn>>;

/** Begins to register, and gives what the device makes of it. */
async function made(page: Browser, device: SoftwareAuthenticator, ceremony = here) {
  const { body } = await page.call('GET', beginPath);
  return device.create(body as CreationOptions, ceremony);
}

const add = async ({ page, device }: Person, ceremony = here) =>
  page.call('POST', addPath, { name: 'a phone', response: await made(page, device, ceremony) });

async function withPasskey() {
  const person = await signedIn();
  const added = await add(person);
  expect(added.status).toBe(200);
  return { ...person, passkeyId: String(added.body.id) };
}

/** Begins to sign in at a page of its own, and gives what the device signs. */
async function signed(device: SoftwareAuthenticator, ceremony = here) {
  const page = browser();
  const { body } = await page.call('GET', challengePath);
  return { page, response: device.get(body as ChallengeOptions, ceremony) };
}

async function signIn(device: SoftwareAuthenticator, ceremony = here) {
  const { page, response } = await signed(device, ceremony);
  return { page, answer: await page.call('POST', signInPath, { response }) };
}

const refusal = (status: number, code: string) => ({ status, body: { error: { code } } });

/** The same with another byte in the middle. */
function spoilt(text: string): string {
  const bytes = Buffer.from(text, 'base64url');
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 0xff, bytes.length >> 1);
  return bytes.toString('base64url');
}

describe('a passkey', () => {
  it('is registered, listed without its key, and begins a session by itself', async () => {
    const person = await withPasskey();
    const listed = await person.page.call('GET', listPath);
    expect(listed.body).toEqual([
      {
        ...{ id: person.passkeyId, name: 'a phone', deviceType: 'multiDevice', backedUp: true },
        aaguid: '00000000-0000-0000-0000-000000000000',
        createdAt: expect.any(String),
      },
    ]);
    const { page, answer } = await signIn(person.device);
    expect(answer).toMatchObject({ status: 200, body: { user: { name: person.username } } });
    expect(JSON.stringify(answer.body)).not.toContain('token');
    const me = await stage.call('GET', '/api/account/me', await page.accessToken());
    expect(me.body).toMatchObject({ username: person.username, apiTokenId: null });
  });

  it('has to be unlocked, at registering and at signing in', async () => {
    const person = await signedIn();
    const { body } = await person.page.call('GET', beginPath);
    expect(body).toMatchObject({
      rp: { id: 'market.example', name: 'AISBF' },
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    });
    const locked = { ...here, isUnlocked: false };
    const refused = refusal(400, 'passkey_not_unlocked');
    expect(await add(person, locked)).toMatchObject(refused);
    expect((await person.page.call('GET', listPath)).body).toEqual([]);
    expect((await add(person)).status).toBe(200);
    expect((await browser().call('GET', challengePath)).body).toMatchObject({
      ...{ rpId: 'market.example', userVerification: 'required' },
    });
    expect((await signIn(person.device, locked)).answer).toMatchObject(refused);
  });

  it('asks for no second factor: it is two by itself', async () => {
    const person = await withPasskey();
    await stage.admin.query('UPDATE app_user SET two_factor_enabled = true WHERE username = $1', [
      person.username,
    ]);
    const { answer } = await signIn(person.device);
    expect(answer).toMatchObject({ status: 200, body: { user: { name: person.username } } });
  });

  it('signs in for as often as an authenticator counts, and never with a count from before', async () => {
    const person = { ...(await signedIn()), device: new SoftwareAuthenticator(4_000_000_000) };
    await add(person);
    for (let count = 0; count < 3; count += 1) {
      expect((await signIn(person.device)).answer.status).toBe(200);
    }
    const [{ counter } = { counter: '' }] = (
      await stage.admin.query<{ counter: string }>(
        `UPDATE auth_passkey SET counter = 4294967295
         WHERE user_id = (SELECT id FROM app_user WHERE username = $1) RETURNING counter`,
        [person.username],
      )
    ).rows;
    expect(counter).toBe('4294967295');
    // A copy of it has signed meanwhile.
    expect((await signIn(person.device)).answer).toMatchObject(
      refusal(401, 'authentication_failed'),
    );
  });

  it('is deleted, and signs nobody in any more', async () => {
    const { page, device, passkeyId } = await withPasskey();
    expect((await page.call('POST', deletePath, { id: passkeyId })).status).toBe(200);
    expect((await page.call('GET', listPath)).body).toEqual([]);
    expect((await signIn(device)).answer).toMatchObject(refusal(401, 'passkey_not_found'));
    expect(await page.call('POST', deletePath, { id: passkeyId })).toMatchObject(
      refusal(404, 'passkey_not_found'),
    );
  });

  it("is nobody else's to see or delete", async () => {
    const [ann, bob] = [await withPasskey(), await signedIn()];
    expect((await bob.page.call('GET', listPath)).body).toEqual([]);
    expect(await bob.page.call('POST', deletePath, { id: ann.passkeyId })).toMatchObject(
      refusal(404, 'passkey_not_found'),
    );
    expect((await signIn(ann.device)).answer.status).toBe(200);
    for (const path of [beginPath, listPath]) {
      expect((await browser().call('GET', path)).status).toBe(401);
    }
    const nobody = await browser().call('POST', deletePath, { id: ann.passkeyId });
    expect(nobody.status).toBe(401);
  });

  it('of a disabled user is not there', async () => {
    const { username, device } = await withPasskey();
    const path = `/api/account/users/${username}`;
    await stage.call('PATCH', path, stage.operatorToken, { isDisabled: true });
    expect((await signIn(device)).answer).toMatchObject(refusal(401, 'passkey_not_found'));
  });

  it('is one of so many, each another device', async () => {
    const person = await withPasskey();
    const { body } = await person.page.call('GET', beginPath);
    expect(() => person.device.create(body as CreationOptions, here)).toThrow(/already/);
    const second = { ...person, device: new SoftwareAuthenticator() };
    expect((await add(second)).status).toBe(200);
    const third = { ...person, device: new SoftwareAuthenticator() };
    expect(await add(third)).toMatchObject(refusal(409, 'passkeys_too_many'));
  });
});

describe('a registration', () => {
  it.each<readonly [string, Partial<Ceremony>]>([
    ['from another site', { origin: 'http://market.example.evil' }],
  ])('is refused %s', async (_what, change) => {
    const person = await signedIn();
    const refused = refusal(400, 'failed_to_verify_registration');
    expect(await add(person, { ...here, ...change })).toMatchObject(refused);
  });

  it('is refused to a challenge that is not the one that was given, and to none', async () => {
    const { page, device } = await signedIn();
    const { body } = await page.call('GET', beginPath);
    const challenge = randomBytes(32).toString('base64url');
    const forged = device.create({ ...(body as CreationOptions), challenge }, here);
    const call = (response: unknown) => page.call('POST', addPath, { response });
    expect(await call(forged)).toMatchObject(refusal(400, 'failed_to_verify_registration'));
    // The challenge is used up, whatever came of it.
    const late = device.create(body as CreationOptions, here);
    expect(await call(late)).toMatchObject(refusal(400, 'challenge_not_found'));
    const [ann, bob] = [await signedIn(), await signedIn()];
    const foreign = await made(ann.page, ann.device);
    expect(await bob.page.call('POST', addPath, { response: foreign })).toMatchObject(
      refusal(400, 'challenge_not_found'),
    );
  });

  it('is refused to a credential that somebody has', async () => {
    const ann = await withPasskey();
    const bob = await signedIn();
    const response = await made(bob.page, bob.device);
    await stage.admin.query('UPDATE auth_passkey SET credential_id = $1 WHERE id = $2', [
      response.id,
      ann.passkeyId,
    ]);
    expect(await bob.page.call('POST', addPath, { response })).toMatchObject(
      refusal(409, 'previously_registered'),
    );
  });

  it.each([
    ['of a make that comes with certificates', 'apple', [Buffer.from('30820122', 'hex')]],
    ['packed with certificates', 'packed', [Buffer.from('30820122', 'hex')]],
    ['of a kind that there is not', 'else', undefined],
  ])('with an attestation %s is not looked into', async (_what, format, x5c) => {
    const person = await signedIn();
    const statement = new Map(x5c ? [['x5c', x5c]] : []);
    const unwanted = { ...here, attestation: { format, statement } };
    expect(await add(person, unwanted)).toMatchObject(refusal(400, 'attestation_unwanted'));
  });

  it.each([
    ['nothing', {}],
    ['bytes that are no attestation', { attestationObject: 'AAAA', clientDataJSON: 'e30' }],
    ['what is not base64url', { attestationObject: '+/=', clientDataJSON: 'e30' }],
  ])('of %s is refused', async (_what, response) => {
    const { page } = await signedIn();
    await page.call('GET', beginPath);
    const id = 'AAAA';
    const credential = { id, rawId: id, type: 'public-key', response };
    const answer = await page.call('POST', addPath, { response: credential });
    expect(answer.status).toBe(400);
  });
});

describe('a sign-in by passkey', () => {
  it('works once', async () => {
    const { device } = await withPasskey();
    const { page, response } = await signed(device);
    expect((await page.call('POST', signInPath, { response })).status).toBe(200);
    expect(await page.call('POST', signInPath, { response })).toMatchObject(
      refusal(400, 'challenge_not_found'),
    );
  });

  it('is not the answer to a challenge that registers, nor the other way round', async () => {
    const { page, device } = await withPasskey();
    const { body } = await page.call('GET', beginPath);
    const { challenge } = body as CreationOptions;
    const response = device.get({ challenge, rpId: 'market.example' }, here);
    expect(await page.call('POST', signInPath, { response })).toMatchObject(
      refusal(400, 'challenge_not_found'),
    );
  });

  it.each(['signature', 'authenticatorData', 'clientDataJSON'] as const)(
    'is refused where its %s was touched',
    async (field) => {
      const { device } = await withPasskey();
      const { page, response } = await signed(device);
      const touched = { ...response.response, [field]: spoilt(response.response[field]) };
      const answer = await page.call('POST', signInPath, {
        response: { ...response, response: touched },
      });
      expect(answer).toMatchObject(refusal(401, 'authentication_failed'));
      expect(page.cookieHeader).not.toContain('session_token');
    },
  );

  it('is refused from another site', async () => {
    const { device } = await withPasskey();
    const { answer } = await signIn(device, { origin: 'http://market.example.evil' });
    expect(answer).toMatchObject(refusal(401, 'authentication_failed'));
  });

  it('that the database cannot begin is not held against the caller', async () => {
    const { device, username } = await withPasskey();
    await stage.admin.query(
      `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'no disk'; END $$;
       CREATE TRIGGER fail BEFORE UPDATE ON auth_passkey EXECUTE FUNCTION fail()`,
    );
    try {
      expect((await signIn(device)).answer).toMatchObject(refusal(503, 'sign_in_unavailable'));
    } finally {
      await stage.admin.query('DROP TRIGGER fail ON auth_passkey; DROP FUNCTION fail()');
    }
    expect((await signIn(device)).answer.body).toMatchObject({ user: { name: username } });
  });
});

describe('the record', () => {
  it('tells of passkeys and of the sessions that they begin, and of no key', async () => {
    const { page, device, passkeyId } = await withPasskey();
    await signIn(device);
    await page.call('POST', deletePath, { id: passkeyId });
    const token = await page.accessToken();
    const { body } = await stage.call('GET', '/api/account/audit?limit=3', token);
    expect(body.events).toMatchObject([
      { action: 'passkey.delete', subject: passkeyId, address: expect.stringMatching(/^198/) },
      { action: 'session.begin', detail: { byPasskey: true } },
      {
        ...{ action: 'passkey.add', subject: passkeyId, detail: { deviceType: 'multiDevice' } },
        actorUserId: expect.any(String),
      },
    ]);
    const { rows } = await stage.admin.query('SELECT public_key FROM auth_passkey');
    const text = JSON.stringify(body);
    for (const { public_key: key } of rows) expect(text).not.toContain(key);
  });
});
