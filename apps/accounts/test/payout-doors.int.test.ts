import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { internalHeaders, internalPaths } from '@aisbf/contracts';
import { readConfig } from '@aisbf/platform';
import {
  createDatabase,
  FakeStripeConnect,
  natsUrl,
  redisUrl,
  type TestDatabase,
  until,
} from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { startAccounts } from '../src/accounts.js';
import { accountsSettings } from '../src/config.js';
import { authoriseBy, settleOf } from './ledger-bench.js';
import { dollar, moveBack } from './payout-bench.js';

const internalSecret = 'a secret of this test only';

let database: TestDatabase;
let admin: Pool;
let folder: string;
let stripe: FakeStripeConnect;
let redis: Redis;
let accounts: Awaited<ReturnType<typeof startAccounts>>;
let url: string;
let operator: string;

beforeAll(async () => {
  database = await createDatabase();
  folder = await mkdtemp(join(tmpdir(), 'aisbf-payouts-'));
  stripe = await FakeStripeConnect.start();
  redis = new Redis(await redisUrl());
  admin = new Pool({
    connectionString: database.adminUrl,
    options: '-c search_path=accounts',
    max: 2,
  });
  admin.on('error', () => undefined);
  const settings = readConfig(accountsSettings, {
    AISBF_INTERNAL_SECRET: internalSecret,
    AISBF_NATS_URL: await natsUrl(),
    ACCOUNTS_REDIS_URL: await redisUrl(),
    ACCOUNTS_HTTP_PORT: '0',
    ACCOUNTS_GRPC_PORT: '0',
    ACCOUNTS_LOG_LEVEL: 'silent',
    ACCOUNTS_DATABASE_URL: database.urls.accounts,
    ACCOUNTS_SECRET_PEPPER: 'a pepper of this test only',
    ACCOUNTS_OPERATOR_API_TOKEN_FILE: join(folder, 'operator-token'),
    // Sums stay as they are until a test has moved them into the past.
    ACCOUNTS_FOLD_INTERVAL_MS: '86400000',
    ACCOUNTS_PAYOUT_FIRST_MATURITY_DAYS: '1',
    ACCOUNTS_PAYOUT_MATURITY_DAYS: '1',
    ACCOUNTS_PAYOUT_SWEEP_INTERVAL_MS: '200',
    ACCOUNTS_PAYOUT_RETURN_URL: 'https://market.test/payouts',
    ACCOUNTS_STRIPE_SECRET_KEY: 'sk_test_of_this_test',
    ACCOUNTS_STRIPE_URL: stripe.url,
  });
  accounts = await startAccounts(settings);
  url = await accounts.app.getUrl();
  operator = (await readFile(join(folder, 'operator-token'), 'utf8')).trim();
});
afterAll(async () => {
  const { rows } = await admin.query('SELECT * FROM ledger_violations');
  await accounts.close();
  await Promise.all([stripe.stop(), admin.end(), redis.quit(), rm(folder, { recursive: true })]);
  await database.drop();
  expect(rows).toEqual([]);
});

type Answer = Readonly<{ status: number; body: Record<string, unknown>; text: string }>;

async function call(method: string, path: string, token: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(token !== '' && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(path.startsWith('/internal') && { [internalHeaders.secret]: internalSecret }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  return { status: response.status, body: isJson ? JSON.parse(text) : {}, text };
}

async function member(scopes: readonly string[] = ['inference', 'manage', 'usage']) {
  const username = `user-${randomUUID().slice(0, 8)}`;
  const user = await call('POST', '/api/account/users', operator, { username });
  const request = { name: '=cmd()', username, scopes };
  const token = await call('POST', '/api/account/api-tokens', operator, request);
  return {
    username,
    ownerId: String(user.body.ownerId),
    apiTokenId: String(token.body.id),
    token: String(token.body.apiToken),
  };
}
type Member = Awaited<ReturnType<typeof member>>;

/** Somebody buys for so much, without a fee, so many days ago. */
async function sell(seller: Member, amount: bigint, daysAgo = 3): Promise<Member> {
  const buyer = await member();
  const grant = {
    username: buyer.username,
    amount: String(amount),
    grantId: randomUUID(),
    reason: 'x',
  };
  await call('POST', '/api/account/grants', operator, grant);
  const hold = authoriseBy(buyer, seller, {
    amount: String(amount),
    terms: [
      {
        ...{ providerId: randomUUID(), providerLabel: 'sam/gpu', sellerOwnerId: seller.ownerId },
        ...{ model: '+demo,"x"', prices: { request: String(amount) }, feeBps: 0 },
      },
    ],
  });
  await call('POST', internalPaths.accountsAuthorise, '', hold);
  await call('POST', internalPaths.accountsSettle, '', settleOf(hold));
  if (daysAgo > 0) await moveBack({ admin }, hold.requestId, daysAgo);
  return buyer;
}

const payoutsOf = async ({ token }: Member) =>
  (await call('GET', '/api/account/payouts', token)).body.payouts as Record<string, unknown>[];
const stateOf = async (seller: Member) => (await payoutsOf(seller))[0]?.state;

async function stripeSeller(amount = 100n * dollar): Promise<Member> {
  const seller = await member();
  await sell(seller, amount);
  await call('POST', '/api/account/payout-account/onboarding', seller.token);
  const { body } = await call('GET', '/api/account/payout-account', seller.token);
  stripe.ready.add(String(body.destination));
  await call('GET', '/api/account/payout-account', seller.token);
  return seller;
}

describe('a seller', () => {
  it('tells the payment provider where to pay, and is paid', async () => {
    const seller = await member();
    await sell(seller, 100n * dollar);
    await sell(seller, 7n * dollar, 0);
    const none = await call('GET', '/api/account/payout-account', seller.token);
    expect(none.body).toEqual({ provider: null, destination: null, isReady: false });

    const start = () => call('POST', '/api/account/payout-account/onboarding', seller.token);
    const [first, second] = [await start(), await start()];
    expect(first).toMatchObject({ status: 201, body: { url: expect.stringMatching(/acct_\d+$/) } });
    expect(second.body).toEqual(first.body);
    const { rows } = await admin.query(
      "SELECT FROM audit_event WHERE action = 'payout-account.onboard' AND owner_id = $1",
      [seller.ownerId],
    );
    expect(rows).toHaveLength(1);
    const account = () => call('GET', '/api/account/payout-account', seller.token);
    const { destination, isReady } = (await account()).body;
    expect(isReady).toBe(false);
    stripe.ready.add(String(destination));
    expect((await account()).body).toEqual({ provider: 'stripe', destination, isReady: true });

    const balance = () => call('GET', '/api/account/earnings-balance', seller.token);
    expect((await balance()).body).toMatchObject({
      earned: String(107n * dollar),
      pending: String(7n * dollar),
      mature: String(100n * dollar),
      reserve: String(5n * dollar),
      payable: String(95n * dollar),
    });
    const dry = await call('POST', '/api/account/payout-runs', operator, { isDryRun: true });
    expect(dry).toMatchObject({
      status: 201,
      body: { isDryRun: true, amount: String(95n * dollar) },
    });
    expect(await payoutsOf(seller)).toEqual([]);

    expect(await call('POST', '/api/account/payout-runs', operator)).toMatchObject({ status: 201 });
    await until(async () => (await stateOf(seller)) === 'paid');
    expect((await balance()).body).toMatchObject({
      earned: String(12n * dollar),
      paid: String(95n * dollar),
      inPayout: '0',
    });
  });

  it('is paid once though Redis loses all it has in the middle', async () => {
    const seller = await stripeSeller();
    stripe.fates = ['done-500'];
    await call('POST', '/api/account/payout-runs', operator);
    await until(async () => (await stateOf(seller)) === 'submitted');
    await redis.flushdb();
    await admin.query('UPDATE payout SET due_at = now() WHERE state = $1', ['submitted']);
    await until(async () => (await stateOf(seller)) === 'paid', { timeoutMs: 30_000 });
    const [payout] = await payoutsOf(seller);
    expect(stripe.transfersOf(String(payout?.id))).toHaveLength(1);
  }, 45_000);
});

describe('a bank', () => {
  it('gets each payout in one file, and an operator says what became of it', async () => {
    const [paid, failed] = [await member(), await member()];
    for (const seller of [paid, failed]) {
      await sell(seller, 20n * dollar);
      const request = { provider: 'csv', destination: `V-${seller.username}` };
      const path = `/api/account/payout-accounts/${seller.username}`;
      expect(await call('PUT', path, operator, request)).toMatchObject({
        status: 200,
        body: { ...request, isReady: true },
      });
    }
    await call('POST', '/api/account/payout-runs', operator);
    await until(async () => (await stateOf(paid)) === 'submitted');
    await until(async () => (await stateOf(failed)) === 'submitted');

    const [batchId, next] = [randomUUID(), randomUUID()];
    const fill = (id: string) =>
      call('POST', '/api/account/payout-batches', operator, { batchId: id });
    const batch = await fill(batchId);
    expect(batch).toMatchObject({
      status: 201,
      body: { payouts: 2, amount: String(38n * dollar) },
    });
    expect((await fill(batchId)).body).toEqual(batch.body);
    expect((await fill(next)).body).toMatchObject({ payouts: 0 });

    const download = () => call('GET', String(batch.body.file), operator);
    const { text } = await download();
    expect((await download()).text).toBe(text);
    const [head, ...lines] = text.trimEnd().split('\r\n');
    expect(head).toBe('payout_id,username,destination,amount,currency');
    expect(lines).toHaveLength(2);
    for (const seller of [paid, failed]) {
      const [payout] = await payoutsOf(seller);
      const line = `${payout?.id},${seller.username},V-${seller.username},19.00,USD`;
      expect(lines).toContain(line);
    }

    const outcome = async (seller: Member, said: string) => {
      const [payout] = await payoutsOf(seller);
      const outcomes = [{ payoutId: payout?.id, outcome: said, reference: 'B-1' }];
      const { body } = await call('POST', '/api/account/payout-outcomes', operator, { outcomes });
      return (body.results as { result: string }[])[0]?.result;
    };
    expect(await outcome(paid, 'paid')).toBe('booked');
    expect(await outcome(paid, 'paid')).toBe('replay');
    expect(await outcome(paid, 'failed')).toBe('contradicts');
    expect(await outcome(paid, 'reversed')).toBe('booked');
    expect(await outcome(failed, 'failed')).toBe('booked');
    for (const [seller, state] of [
      [paid, 'reversed'],
      [failed, 'failed'],
    ] as const) {
      expect(await stateOf(seller)).toBe(state);
      const { body } = await call('GET', '/api/account/earnings-balance', seller.token);
      expect(body).toMatchObject({ earned: String(20n * dollar), inPayout: '0', paid: '0' });
    }
  });

  it.each([
    'DE89 3704 0044 0532 0130 00',
    'DE89370400440532013000',
    '4111 1111 1111 1111',
    '',
    '=1',
  ])('is not named by %j: numbers of accounts are not kept', async (destination) => {
    const { username } = await member();
    const request = { provider: 'csv', destination };
    const answer = await call('PUT', `/api/account/payout-accounts/${username}`, operator, request);
    expect(answer.status).toBe(400);
  });

  it('is not said to have paid what a payment provider may still be asked for', async () => {
    const seller = await stripeSeller();
    stripe.isBlind = true;
    stripe.fates = ['done-500'];
    await call('POST', '/api/account/payout-runs', operator);
    await until(async () => (await stateOf(seller)) === 'submitted');
    const [payout] = await payoutsOf(seller);
    const outcomes = [
      { payoutId: payout?.id, outcome: 'failed' },
      { payoutId: randomUUID(), outcome: 'paid' },
    ];
    const { body } = await call('POST', '/api/account/payout-outcomes', operator, { outcomes });
    expect(body.results).toMatchObject([{ result: 'undecided' }, { result: 'missing' }]);
    stripe.isBlind = false;
  });
});

describe('what an operator does about payouts', () => {
  it('stands in the record, each act once, and with the seller what is the seller’s', async () => {
    const seller = await member();
    await sell(seller, 20n * dollar);
    const destination = `W-${seller.username}`;
    const path = `/api/account/payout-accounts/${seller.username}`;
    await call('PUT', path, operator, { provider: 'csv', destination });
    await call('POST', '/api/account/payout-runs', operator, { isDryRun: true });
    await call('POST', '/api/account/payout-runs', operator);
    await until(async () => (await stateOf(seller)) === 'submitted');
    const batchId = randomUUID();
    for (const _ of [1, 2])
      await call('POST', '/api/account/payout-batches', operator, { batchId });
    const [payout] = await payoutsOf(seller);
    const outcomes = [{ payoutId: payout?.id, outcome: 'paid', reference: 'B-9' }];
    for (const _ of [1, 2])
      await call('POST', '/api/account/payout-outcomes', operator, { outcomes });

    const { body } = await call('GET', '/api/account/audit?limit=200', seller.token);
    const own = body.events as { action: string; subject: string; detail: unknown }[];
    expect(own.map(({ action }) => action)).toEqual([
      ...['payout.outcome', 'payout.prepare', 'payout-account.put'],
      ...['api-token.create', 'user.create'],
    ]);
    expect(own[0]).toMatchObject({ subject: payout?.id, detail: { reference: 'B-9' } });
    expect(own[1]).toMatchObject({ subject: payout?.id, detail: { amount: String(19n * dollar) } });
    const all = await call('GET', '/api/account/audit?limit=50', operator);
    const others = (all.body.events as { action: string; subject: string }[]).filter(
      ({ subject }) => subject === batchId || subject === 'all owners',
    );
    expect(others.slice(0, 2).map(({ action }) => action)).toEqual([
      ...['payout-batch.create', 'payout-run.begin'],
    ]);
    expect(others.filter(({ subject }) => subject === batchId)).toHaveLength(1);
  });
});

describe('nobody else', () => {
  it('sees or moves what is a seller’s', async () => {
    const [seller, stranger] = [await stripeSeller(), await member()];
    await call('POST', '/api/account/payout-runs', operator);
    const [payout] = await payoutsOf(seller);
    const path = `/api/account/payouts/${payout?.id}`;
    expect((await call('GET', path, seller.token)).status).toBe(200);
    expect((await call('GET', path, operator)).status).toBe(200);
    expect((await call('GET', path, stranger.token)).status).toBe(404);
    expect(await payoutsOf(stranger)).toEqual([]);
    const named = `/api/account/payouts?username=${seller.username}`;
    expect((await call('GET', named, stranger.token)).status).toBe(403);
    expect((await call('GET', named, operator)).body.payouts).toHaveLength(1);
  });

  it.each([
    ['POST', '/api/account/payout-runs', {}],
    ['POST', '/api/account/payout-batches', { batchId: randomUUID() }],
    ['GET', `/api/account/payout-batches/${randomUUID()}`, undefined],
    ['PUT', '/api/account/payout-accounts/somebody', { provider: 'csv', destination: 'V-1' }],
    [
      'POST',
      '/api/account/payout-outcomes',
      { outcomes: [{ payoutId: randomUUID(), outcome: 'paid' }] },
    ],
  ])('but an operator may %s %s', async (method, path, body) => {
    const { token } = await member();
    expect(await call(method, path, token, body)).toMatchObject({
      status: 403,
      body: { error: { code: 'operator_only' } },
    });
  });

  it.each([
    ...['earnings-balance', 'payouts', 'payout-account', 'receipts', 'sales'],
    ...['usage?from=2026-01-01&to=2026-01-02', 'earnings?from=2026-01-01&to=2026-01-02'],
    'statement?month=2026-01',
  ])('reads %s without the scope', async (path) => {
    const { token } = await member(['inference', 'manage']);
    expect(await call('GET', `/api/account/${path}`, token)).toMatchObject({
      status: 403,
      body: { error: { code: 'scope_missing' } },
    });
  });
});

describe('a report', () => {
  it('comes as a file that no spreadsheet runs, with the figures of the answer', async () => {
    const seller = await member();
    const buyer = await sell(seller, 1_234n, 0);
    const day = new Date().toISOString().slice(0, 10);
    const span = `from=${day}&to=${day}&by=token,model`;
    const { body } = await call('GET', `/api/account/usage?${span}`, buyer.token);
    expect(body).toMatchObject({ charge: '1234', rows: [{ model: '+demo,"x"', charge: '1234' }] });
    const response = await fetch(`${url}/api/account/usage?${span}&format=csv`, {
      headers: { authorization: `Bearer ${buyer.token}` },
    });
    expect(response.headers.get('content-type')).toMatch(/^text\/csv; charset=utf-8/);
    const [, line] = (await response.text()).split('\r\n');
    expect(line).toContain(`${buyer.apiTokenId},'=cmd(),"'+demo,""x""",1,`);
    const { rows } = body as { rows: { receipts: string }[] };
    const behind = await call('GET', rows[0]?.receipts ?? '', buyer.token);
    expect(behind.body).toMatchObject({ receipts: [{ charge: '1234' }], nextCursor: null });

    const sold = await call('GET', `/api/account/earnings?from=${day}&to=${day}`, seller.token);
    expect(sold.body).toMatchObject({ gross: '1234', fee: '0', net: '1234' });
    const month = await call('GET', `/api/account/statement?month=${day.slice(0, 7)}`, buyer.token);
    expect(month.body).toMatchObject({ wallet: { opening: '0', closing: '0' } });
  });

  it.each([
    'usage',
    'usage?from=2026-01-02&to=2026-01-01',
    'statement?month=2026-13',
    'sales?cursor=x',
  ])('refuses %s', async (path) => {
    const { token } = await member();
    expect((await call('GET', `/api/account/${path}`, token)).status).toBe(400);
  });
});
