import { randomUUID } from 'node:crypto';
import {
  CreatedApiToken,
  Import,
  Listings,
  Principal,
  Providers,
  Registrations,
  TopUp,
  User,
} from '@aisbf/contracts';
import {
  type FakeStripe,
  type MarketUnderTest,
  SoftwareAuthenticator,
  type TestShop,
  until,
} from '@aisbf/testkit';

/** Somebody with a little of everything, and all that tells it apart from everybody else's. */
export type Tenant = Readonly<{
  username: string;
  apiToken: string;
  shop: TestShop;
  page: Page;
  ids: Readonly<{
    spareToken: string;
    provider: string;
    hiddenProvider: string;
    registration: string;
    listing: string;
    import: string;
    topUp: string;
    passkey: string;
  }>;
  names: Readonly<{
    rotation: string;
    import: string;
    hiddenProvider: string;
    email: string;
    spare: string;
  }>;
  /** What nobody else may ever read: ids, secrets, and names that are not on sale. */
  traces: string[];
}>;

/** A page of the market with the cookies of a session. */
export class Page {
  private cookie = '';

  constructor(private readonly url: string) {}

  async call(method: string, path: string, body?: unknown): Promise<Response> {
    const response = await fetch(new URL(`/api/account/auth${path}`, this.url), {
      method,
      redirect: 'manual',
      headers: {
        ...{ origin: this.url, cookie: this.cookie },
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const set = response.headers.getSetCookie().map((text) => text.split(';', 1)[0] ?? '');
    const names = new Set(set.map((pair) => pair.split('=', 1)[0]));
    const kept = this.cookie.split('; ').filter((pair) => !names.has(pair.split('=', 1)[0]));
    this.cookie = [...kept, ...set].filter((pair) => pair !== '').join('; ');
    return response;
  }

  async json<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await this.call(method, path, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text) as Answer;
  }

  async accessToken(): Promise<string> {
    return (await this.json<{ token: string }>('GET', '/token')).token;
  }
}

/** A tenth of a cent a token, the dearest that there is: one sale can be paid out. */
const prices = { prompt: 1_000_000n, completion: 1_000_000_000_000n };

/** Makes a tenant. Sells `demo-small` under its own name, and hides the rest. */
export async function moveIn(
  market: MarketUnderTest,
  stripe: FakeStripe,
  username: string,
): Promise<Tenant> {
  const { operator } = market;
  const names = {
    rotation: `${username}-rotation`,
    import: `${username}-import`,
    hiddenProvider: `${username}-hidden`,
    email: `${username}-private@example.com`,
    spare: `the spare of ${username}`,
  };
  const { email } = names;
  const user = await operator.call('POST', '/api/account/users', User, { username, email });
  await operator.grant(username, 1_000_000_000_000n, randomUUID());
  const apiToken = await operator.createApiToken(username, ['inference', 'manage', 'usage']);
  const own = operator.as(apiToken);
  const { page, passkey } = await signIn(market, email);
  const shop = await market.shop(username, `${username}s`, ['demo-small'], prices);
  await market.worker(shop, `${username}-machine`);
  const hidden = await own.ensureWorkerProvider(names.hiddenProvider);
  await own.putRotation(names.rotation, [{ providerId: hidden.providerId, model: 'm' }]);
  const imported = await own.call('PUT', `/api/catalog/imports/${names.import}`, Import, {
    ...{ listing: 'global/hosted/plain', note: `a note of ${username}` },
  });
  const spare = await own.call('POST', '/api/account/api-tokens', CreatedApiToken, {
    name: names.spare,
    budgets: [{ period: 'day', amount: '1000' }],
  });
  const registrations = await own.call(
    'GET',
    `/api/catalog/providers/${hidden.providerId}/registrations`,
    Registrations,
  );
  const { listings } = await own.call('GET', '/api/catalog/listings', Listings);
  const { providers } = await own.call('GET', '/api/catalog/providers', Providers);
  const me = await own.call('GET', '/api/account/me', Principal);
  const topUp = await paid(market, stripe, apiToken);
  const [registration = '', listing = ''] = [registrations.registrations[0]?.id, listings[0]?.id];
  const provider = providers.find(({ name }) => name === shop.provider)?.id ?? '';
  const ids = {
    ...{ spareToken: spare.id, provider, hiddenProvider: hidden.providerId },
    ...{ registration, listing, import: imported.id, topUp: topUp.id, passkey },
  };
  const secrets = [apiToken, spare.apiToken, shop.registrationToken];
  const traces = [
    ...Object.values(ids),
    ...Object.values(names),
    ...secrets,
    ...[user.id, user.ownerId, String(me.apiTokenId), spare.publicId, hidden.registrationToken],
    ...[topUp.checkoutUrl ?? '', `${username}-machine`, `a note of ${username}`],
  ].filter((trace) => trace !== '');
  return { username, apiToken, shop, page, ids, names, traces };
}

async function signIn(market: MarketUnderTest, email: string) {
  const page = new Page(market.url);
  const device = new SoftwareAuthenticator();
  const token = (await market.mailedLink(email)).pathname.split('/').at(-1);
  const password = 'chosen for this test';
  await page.json('POST', '/reset-password', { token, newPassword: password });
  await page.json('POST', '/sign-in/email', { email, password });
  const begun = await page.json<Parameters<typeof device.create>[0]>(
    'GET',
    '/passkey/generate-register-options',
  );
  const response = device.create(begun, { origin: market.url });
  const added = await page.json<{ id: string }>('POST', '/passkey/verify-registration', {
    response,
  });
  return { page, passkey: added.id };
}

async function paid(market: MarketUnderTest, stripe: FakeStripe, apiToken: string) {
  const request = { topUpId: randomUUID(), amount: '5000000000' };
  const own = market.operator.as(apiToken);
  const topUp = await own.call('POST', '/api/account/top-ups', TopUp, request);
  stripe.book.pay(topUp.checkoutUrl?.split('/').at(-1) ?? '');
  for (const event of stripe.takeEvents()) {
    await stripe.send(event, `${market.url}/api/account/payments/webhook/stripe`);
  }
  return topUp;
}

/** Buys one answer; gives the request's id. */
export async function buy(market: MarketUnderTest, apiToken: string, model: string, more = {}) {
  const response = await fetch(`${market.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiToken}`, 'content-type': 'application/json', ...more },
    body: JSON.stringify({ ...purchase, model }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${model} was not sold: ${text}`);
  return { requestId: response.headers.get('x-request-id') ?? '', response, text };
}

export const purchase = { messages: [{ role: 'user', content: 'Hello!' }], max_tokens: 30 };

/** Sets aside what somebody has earned, to be paid by a bank; gives the payout's id. */
export async function payOut(market: MarketUnderTest, username: string): Promise<string> {
  const response = await fetch(`${market.url}/api/account/payout-accounts/${username}`, {
    method: 'PUT',
    headers: {
      authorization: `Bearer ${market.operator.apiToken}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ provider: 'csv', destination: `bank of ${username}` }),
  });
  if (!response.ok) throw new Error(`${username} has no payout account: ${response.status}`);
  const payoutId = randomUUID();
  // By the ledger's own function, as if what was earned today were old enough.
  await until(async () => {
    const [row] = await market.query<{ result: string }>(
      `SELECT result FROM prepare_payout($1, (SELECT id FROM owner WHERE username = $2), -1, -1, 0, 10000000)`,
      [payoutId, username],
    );
    return row?.result === 'prepared';
  });
  await until(async () => {
    const [row] = await market.query('SELECT FROM payout WHERE id = $1 AND state = $2', [
      payoutId,
      'submitted',
    ]);
    return row !== undefined;
  });
  return payoutId;
}
