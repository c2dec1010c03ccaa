import { randomUUID } from 'node:crypto';
import { findFreePorts } from '@aisbf/one-machine';
import { Chromium, type ChromiumPage } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Stage, startStage } from './accounts-stage.js';

const password = 'correct horse battery';
let stage: Stage;
let chromium: Chromium;
let origin: string;

beforeAll(async () => {
  const [port = 0] = await findFreePorts(1);
  // Browsers know no passkeys of addresses without a name.
  origin = `http://localhost:${port}`;
  stage = await startStage({ ACCOUNTS_HTTP_PORT: String(port), ACCOUNTS_PUBLIC_URL: origin });
  chromium = await Chromium.start();
}, 300_000);
afterAll(async () => {
  await chromium?.stop();
  await stage?.stop();
});

type Answer = Readonly<{ status: number; body: unknown }>;

/** What a page of ours would run: nothing but the browser's own words and our calls. */
const script = `
  const call = async (method, path, body) => {
    const response = await fetch('/api/account/auth' + path, {
      method,
      headers: body ? { 'content-type': 'application/json' } : {},
      body: body && JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  };
  const register = async (name) => {
    const { body } = await call('GET', '/passkey/generate-register-options');
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(body);
    const response = (await navigator.credentials.create({ publicKey })).toJSON();
    return call('POST', '/passkey/verify-registration', { name, response });
  };
  const signIn = async () => {
    const { body } = await call('GET', '/passkey/generate-authenticate-options');
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(body);
    const response = (await navigator.credentials.get({ publicKey })).toJSON();
    return call('POST', '/passkey/verify-authentication', { response });
  };
`;
const inPage = async (page: ChromiumPage, expression: string) =>
  (await page.evaluate(`(async () => { ${script} return ${expression}; })()`)) as Answer;

async function signedUp() {
  const username = `user-${randomUUID().slice(0, 8)}`;
  const email = `${username}@example.com`;
  const elsewhere = stage.browser();
  elsewhere.origin = origin;
  await elsewhere.call('POST', '/sign-up/email', { username, email, password });
  await elsewhere.follow(await stage.mails.linkTo(email));
  return { username, email };
}

describe('a passkey of a browser', () => {
  it('is registered, signs in, is listed and deleted', async () => {
    const { username, email } = await signedUp();
    const page = await chromium.page(`${origin}/`);
    const setUnlocked = await page.addAuthenticator();
    const credentials = JSON.stringify({ email, password });
    expect(await inPage(page, `call('POST', '/sign-in/email', ${credentials})`)).toMatchObject({
      ...{ status: 200, body: { user: { name: username } } },
    });
    const added = await inPage(page, `register('this browser')`);
    expect(added).toMatchObject({ status: 200, body: { name: 'this browser' } });
    // Known already: the browser asks nobody a second time.
    await expect(inPage(page, `register('again')`)).rejects.toThrow(/InvalidStateError/);
    await inPage(page, `call('POST', '/sign-out', {})`);
    expect(await inPage(page, `call('GET', '/get-session')`)).toMatchObject({ body: null });
    expect(await inPage(page, 'signIn()')).toMatchObject({
      ...{ status: 200, body: { user: { name: username } } },
    });
    expect(await inPage(page, `call('GET', '/get-session')`)).toMatchObject({
      body: { user: { name: username } },
    });
    const listed = await inPage(page, `call('GET', '/passkey/list-user-passkeys')`);
    expect(listed).toMatchObject({ status: 200, body: [{ name: 'this browser' }] });
    await setUnlocked(false);
    await expect(inPage(page, 'signIn()')).rejects.toThrow(/NotAllowedError/);
    await setUnlocked(true);
    const { id } = (listed.body as { id: string }[])[0] ?? { id: '' };
    const deletion = `call('POST', '/passkey/delete-passkey', ${JSON.stringify({ id })})`;
    expect(await inPage(page, deletion)).toMatchObject({ status: 200 });
    expect(await inPage(page, 'signIn()')).toMatchObject({
      ...{ status: 401, body: { error: { code: 'passkey_not_found' } } },
    });
  }, 120_000);
});
