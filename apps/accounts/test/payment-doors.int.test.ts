import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '@aisbf/platform';
import { createDatabase, FakeStripe, natsUrl, type TestDatabase, until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startAccounts } from '../src/accounts.js';
import { accountsSettings } from '../src/config.js';
import { nanosOf } from './payments-bench.js';

/** The whole service, from the REST API to a provider that calls back. */
let database: TestDatabase;
let folder: string;
let stripe: FakeStripe;
let accounts: Awaited<ReturnType<typeof startAccounts>>;
let url: string;
let operatorToken: string;

async function environment(change: Readonly<Record<string, string>> = {}) {
  return readConfig(accountsSettings, {
    AISBF_INTERNAL_SECRET: 'a secret of this test only',
    AISBF_NATS_URL: await natsUrl(),
    ACCOUNTS_HTTP_PORT: '0',
    ACCOUNTS_GRPC_PORT: '0',
    ACCOUNTS_LOG_LEVEL: 'silent',
    ACCOUNTS_DATABASE_URL: database.urls.accounts,
    ACCOUNTS_SECRET_PEPPER: 'a pepper of this test only',
    ACCOUNTS_OPERATOR_API_TOKEN_FILE: join(folder, 'operator-token'),
    ACCOUNTS_PAYMENTS: 'stripe',
    ACCOUNTS_STRIPE_URL: stripe.url,
    ACCOUNTS_STRIPE_SECRET_KEY: stripe.secretKey,
    ACCOUNTS_STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
    ACCOUNTS_PAYMENT_RETURN_URL: 'http://127.0.0.1/back',
    ACCOUNTS_PAYMENTS_INTERVAL_MS: '50',
    ACCOUNTS_AUTO_TOP_UP_INTERVAL_MS: '50',
    ACCOUNTS_PROMO_EXPIRY_INTERVAL_MS: '50',
    ...change,
  });
}

beforeAll(async () => {
  database = await createDatabase();
  folder = await mkdtemp(join(tmpdir(), 'aisbf-payments-'));
  stripe = await FakeStripe.start();
  accounts = await startAccounts(await environment());
  url = await accounts.app.getUrl();
  operatorToken = (await readFile(join(folder, 'operator-token'), 'utf8')).trim();
});
afterAll(async () => {
  await accounts.close();
  await stripe.stop();
  await rm(folder, { recursive: true });
  await database.drop();
});

async function call(method: string, path: string, token: string, body?: unknown) {
  const response = await fetch(`${url}/api/account/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function member(): Promise<{ username: string; token: string }> {
  const username = `user-${randomUUID().slice(0, 8)}`;
  await call('POST', 'users', operatorToken, { username });
  const made = await call('POST', 'api-tokens', operatorToken, {
    ...{ name: 't', username, scopes: ['manage', 'usage'] },
  });
  return { username, token: String(made.body.apiToken) };
}

const webhook = () => `${url}/api/account/payments/webhook/stripe`;
const tellAll = async () => {
  for (const event of stripe.takeEvents()) {
    expect((await stripe.send(event, webhook())).status).toBe(200);
  }
};

async function paid(token: string, cents = 1_000) {
  const topUpId = randomUUID();
  const made = await call('POST', 'top-ups', token, {
    ...{ topUpId, amount: String(nanosOf(cents)), savesMethod: true },
  });
  expect(made).toMatchObject({ status: 201, body: { state: 'created' } });
  const paymentId = stripe.book.pay(String(made.body.checkoutUrl).split('/').at(-1) ?? '');
  await tellAll();
  return { topUpId, paymentId };
}

describe('a buyer', () => {
  it('pays on the page of the provider and has the money', async () => {
    const { token } = await member();
    const { topUpId } = await paid(token);
    expect((await call('GET', 'balance', token)).body).toMatchObject({
      posted: String(nanosOf(1_000)),
      owed: '0',
    });
    expect((await call('GET', `top-ups/${topUpId}`, token)).body).toMatchObject({ state: 'paid' });
    expect((await call('GET', 'top-ups', token)).body.topUps).toHaveLength(1);
  });

  it('sees nothing of what another one pays, and cannot act as one', async () => {
    const [alice, eve] = [await member(), await member()];
    const { topUpId } = await paid(alice.token);
    expect((await call('GET', `top-ups/${topUpId}`, eve.token)).status).toBe(404);
    expect((await call('GET', 'top-ups', eve.token)).body.topUps).toEqual([]);
    expect((await call('GET', `top-ups?username=${alice.username}`, eve.token)).status).toBe(403);
    // The id of somebody else's top-up is taken; nothing is told of it.
    const again = { topUpId, amount: String(nanosOf(1_000)), savesMethod: true };
    expect(await call('POST', 'top-ups', eve.token, again)).toMatchObject({
      status: 409,
      body: { error: { code: 'top_up_parameters_differ' } },
    });
    const refund = { refundId: randomUUID(), amount: String(nanosOf(1)), reason: 'mine' };
    for (const [path, body] of [
      [`top-ups/${topUpId}/refunds`, refund],
      [`receipts/req_${'0'.repeat(32)}/refunds`, refund],
      ['debt-write-offs', { writeOffId: randomUUID(), username: eve.username, reason: 'mine' }],
    ] as const) {
      expect((await call('POST', path, eve.token, body)).status).toBe(403);
    }
    expect((await call('GET', 'disputes', eve.token)).status).toBe(403);
    expect((await call('GET', 'auto-top-up', eve.token)).status).toBe(404);
  });

  it('has a wallet that fills itself', async () => {
    const { token } = await member();
    await paid(token);
    const settings = {
      isEnabled: true,
      threshold: String(nanosOf(2_000)),
      amount: String(nanosOf(3_000)),
      monthlyMax: String(nanosOf(3_000)),
    };
    expect((await call('PUT', 'auto-top-up', token, settings)).status).toBe(200);
    await until(
      async () => (await call('GET', 'balance', token)).body.posted === String(nanosOf(4_000)),
    );
    await tellAll();
    expect((await call('GET', 'auto-top-up', token)).body).toMatchObject({
      chargedThisMonth: String(nanosOf(3_000)),
    });
  });

  it('is given promotional money that goes by itself', async () => {
    const { username, token } = await member();
    const grant = (promoExpiresAt: string) =>
      call('POST', 'grants', operatorToken, {
        ...{ username, amount: '500', grantId: randomUUID(), reason: 'hello', promoExpiresAt },
      });
    expect(await grant(new Date(Date.now() + 86_400_000).toISOString())).toMatchObject({
      status: 201,
      body: { balance: { promo: '500', posted: '0' } },
    });
    expect((await grant(new Date(Date.now() - 1_000).toISOString())).status).toBe(400);
    expect((await call('GET', 'promo-grants', token)).body).toMatchObject({
      promoGrants: [{ amount: '500', remaining: '500' }],
    });
    // Long enough for a slow machine to grant it.
    expect((await grant(new Date(Date.now() + 2_000).toISOString())).status).toBe(201);
    await until(async () => (await call('GET', 'balance', token)).body.promo === '500');
  });
});

describe('an operator', () => {
  it('sends money back, looks at disputes and gives up debts', async () => {
    const { username, token } = await member();
    const { topUpId, paymentId } = await paid(token);
    const refund = { refundId: randomUUID(), amount: String(nanosOf(400)), reason: 'asked' };
    expect(await call('POST', `top-ups/${topUpId}/refunds`, operatorToken, refund)).toMatchObject({
      status: 201,
      body: { state: 'succeeded', topUpId },
    });
    stripe.book.dispute(paymentId, 700);
    await tellAll();
    expect((await call('GET', 'disputes', operatorToken)).body.disputes).toMatchObject([
      { username, state: 'open', amount: String(nanosOf(700)) },
    ]);
    expect((await call('GET', 'balance', token)).body).toMatchObject({
      posted: '0',
      owed: String(nanosOf(100)),
    });
    const writeOff = { writeOffId: randomUUID(), username, reason: 'small' };
    expect(await call('POST', 'debt-write-offs', operatorToken, writeOff)).toMatchObject({
      status: 201,
      body: { amount: String(nanosOf(100)) },
    });
    const lists = await call('GET', `top-ups?username=${username}`, operatorToken);
    expect(lists.body.topUps).toMatchObject([
      { refunded: String(nanosOf(400)), disputed: String(nanosOf(700)) },
    ]);
  });
});

describe('the webhook', () => {
  const event = { id: 'evt_x', object: 'event', type: 'payment_intent.succeeded', created: 1 };

  it('takes what the provider signed, and nothing else', async () => {
    const unsigned = await fetch(webhook(), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(event),
    });
    expect(unsigned.status).toBe(401);
    const wrong = await stripe.send(event, webhook(), 'whsec_of_somebody_else');
    expect(wrong.status).toBe(401);
    expect(await wrong.json()).toMatchObject({ error: { code: 'webhook_signature_invalid' } });
    const unknown = await stripe.send({ ...event, type: 'planet.discovered' }, webhook());
    expect(await unknown.json()).toEqual({ result: 'ignored' });
    const elsewhere = await stripe.send(event, webhook().replace('stripe', 'paypal'));
    expect(elsewhere.status).toBe(400);
  });

  it('is counted, and what waits is seen', async () => {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/aisbf_accounts_payment_events_total\{[^}]*result="done"[^}]*\} \d/);
    expect(metrics).toContain('aisbf_accounts_payment_events_waiting');
  });
});

describe('an installation', () => {
  it('does not start with half of what Stripe needs', async () => {
    const settings = await environment({
      ACCOUNTS_STRIPE_WEBHOOK_SECRET: '',
      ACCOUNTS_PAYMENT_RETURN_URL: '',
    });
    await expect(startAccounts(settings)).rejects.toThrow(
      /ACCOUNTS_STRIPE_WEBHOOK_SECRET[\s\S]*ACCOUNTS_PAYMENT_RETURN_URL/,
    );
  });

  it('without a provider says so, and takes grants', async () => {
    const { username, token } = await member();
    const other = await startAccounts(await environment({ ACCOUNTS_PAYMENTS: 'none' }));
    try {
      const address = await other.app.getUrl();
      const ask = (path: string, bearer: string, body: unknown) =>
        fetch(`${address}/api/account/${path}`, {
          method: 'POST',
          headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
      const topUp = { topUpId: randomUUID(), amount: String(nanosOf(1_000)) };
      const refused = await ask('top-ups', token, topUp);
      expect({ status: refused.status, body: await refused.json() }).toMatchObject({
        status: 404,
        body: { error: { code: 'payments_off' } },
      });
      const grant = { username, amount: '5', grantId: randomUUID(), reason: 'x' };
      expect((await ask('grants', operatorToken, grant)).status).toBe(201);
    } finally {
      await other.close();
    }
  });
});
