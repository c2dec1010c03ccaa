import { randomBytes } from 'node:crypto';
import {
  Acknowledgement,
  type Admit,
  ApiTokens,
  internalHeaders,
  internalPaths,
  type Plan,
  type Settle,
  UpdatedApiToken,
} from '@aisbf/contracts';
import { findFreePorts, type Service, startService } from '@aisbf/one-machine';
import { FakeUpstream, MarketUnderTest, type TestBuyer, until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

/** Two routers and two accounts of one market, asked directly, as gateways ask them. */
let market: MarketUnderTest;
let upstream: FakeUpstream;
let routers: readonly Service[] = [];
let accounts: readonly Service[] = [];

/** A nano-dollar a token: ten of the prompt, ninety of the answer. */
const prices = { prompt: 1_000_000n, completion: 1_000_000n };
const holdEach = 100n;
const issueMsMax = 2_000;
const holdTtlMs = 3_000;

beforeAll(async () => {
  [market, upstream] = await Promise.all([
    MarketUnderTest.start({
      serviceEnv: {
        router: {
          ROUTER_TOTAL_MS_MAX: '2000',
          ROUTER_FIRST_BYTE_MS_MAX: '1000',
          ROUTER_HOLD_TTL_MS: String(holdTtlMs),
          ROUTER_LEASE_ISSUE_MS_MAX: String(issueMsMax),
          ROUTER_LEASE_IDLE_MS: '1000',
          // What a request asks for is what it is held for here.
          ROUTER_OUTPUT_TOKENS_SMALL: '10000',
        },
        accounts: { ACCOUNTS_LEASE_KEEP: '2', ACCOUNTS_REAPER_INTERVAL_MS: '200' },
      },
    }),
    FakeUpstream.start(['plain']),
  ]);
  [routers, accounts] = await Promise.all([withReplica('router'), withReplica('accounts')]);
  const hosted = await market.operator.createHttpProvider('hosted', upstream.url, ['plain']);
  await market.operator.putListing(hosted, 'plain', prices);
}, 90_000);

afterAll(async () => {
  for (const replica of [routers[1], accounts[1]]) await replica?.stop();
  const wrongs = await market?.stop();
  await upstream?.stop();
  expect(wrongs).toEqual([]);
}, 60_000);

/** The market's own, and another that shares everything with it but its ports. */
async function withReplica(name: 'router' | 'accounts'): Promise<readonly Service[]> {
  const { services, environment, dataDir } = market.market;
  const [httpPort, grpcPort] = await findFreePorts(2);
  const prefix = name.toUpperCase();
  const ports = {
    [`${prefix}_HTTP_PORT`]: String(httpPort),
    [`${prefix}_GRPC_PORT`]: String(grpcPort),
  };
  const replica = await startService({ name, dataDir, env: { ...environment(name), ...ports } });
  return [services[name], replica];
}

async function call<Answer>(service: Service | undefined, path: string, body: object) {
  const secret = market.market.environment('router').AISBF_INTERNAL_SECRET ?? '';
  const response = await fetch(`${service?.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', [internalHeaders.secret]: secret },
    body: JSON.stringify(body),
  });
  const value = (await response.json()) as Answer & { fault?: { code: string } };
  return { status: response.status, value, code: value.fault?.code };
}

function admit(place: number, { apiToken }: TestBuyer, outputTokensMax = 90) {
  const request: Admit = {
    type: 'admit',
    requestId: `req_${randomBytes(16).toString('hex')}`,
    apiToken,
    pathUsername: null,
    clientAddress: null,
    facts: {
      ...{ endpoint: 'chat.completions', route: 'hosted/plain', isStream: true, bodyBytes: 200 },
      ...{ promptTokens: 10, outputTokensMax, choices: 1 },
    },
  };
  return call<Plan>(routers[place], internalPaths.routerAdmit, request);
}

function reportOf(plan: Plan, completionTokens: number | undefined): Settle {
  const nowMs = Date.now();
  const isServed = completionTokens !== undefined;
  return {
    ...{ type: 'settle', requestId: plan.requestId, holdEpoch: plan.holdEpoch },
    ticket: plan.ticket,
    outcome: isServed ? 'completed' : 'not_served',
    servedPosition: isServed ? 0 : null,
    units: { prompt_token: 10, completion_token: completionTokens ?? 0 },
    ...{ reported: null, finishReason: isServed ? 'stop' : null, attempts: [] },
    ...{ startedAtMs: nowMs, firstByteAtMs: null, endedAtMs: nowMs },
  };
}

const settle = async (plan: Plan, tokens?: number, place = 0) => {
  const report = reportOf(plan, tokens);
  const path = internalPaths.accountsSettle;
  const { value } = await call<{ result: string; charged: string }>(accounts[place], path, report);
  return value;
};

/** Keeps a router busy until it pays from a lease; what it admitted on the way costs nothing. */
async function leased(place: number, buyer: TestBuyer): Promise<Plan> {
  return until(
    async () => {
      const { status, value } = await admit(place, buyer);
      if (status === 200 && value.ticket !== null) return value;
      if (status === 200) await settle(value);
      return false;
    },
    { message: 'a lease pays' },
  );
}

const rests = async (buyer: TestBuyer, timeoutMs = 10_000) =>
  until(
    async () => {
      const wallet = await market.wallet(buyer);
      return wallet.held === 0n && wallet;
    },
    { timeoutMs, message: 'nothing is held' },
  );

describe('two routers with leases of one owner', () => {
  it('admit what the wallet pays for and not one request more, in a race', async () => {
    const buyer = await market.buyer('racer', { credit: 60n * holdEach });
    for (const place of [0, 1]) await settle(await leased(place, buyer));
    const tries = Array.from({ length: 180 }, (_, n) => admit(n % 2, buyer));
    const answers = await Promise.all(tries);
    const admitted = answers.filter(({ status }) => status === 200).map(({ value }) => value);
    expect(admitted.length).toBeLessThanOrEqual(60);
    for (const { status, code } of answers.filter((answer) => answer.status !== 200)) {
      expect([status, code]).toEqual([402, 'HELD_BY_OTHER_REQUESTS']);
    }
    // What is left is there for whoever asks, wherever it lies, as long as there is any.
    while (admitted.length < 60) {
      const { status, value } = await admit(admitted.length % 2, buyer);
      expect(status).toBe(200);
      admitted.push(value);
    }
    expect(await admit(0, buyer)).toMatchObject({ status: 402 });
    const charges = await Promise.all(admitted.map((plan, n) => settle(plan, n)));
    expect(charges.map(({ result }) => result)).toEqual(admitted.map(() => 'settled'));
    const charged = admitted.reduce((sum, _, n) => sum + 10n + BigInt(n), 0n);
    expect(await rests(buyer)).toEqual({ posted: 60n * holdEach - charged, held: 0n });
  }, 60_000);

  it('give back what they do not use when a request of the other needs it', async () => {
    const buyer = await market.buyer('needy', { credit: 60n * holdEach });
    const plan = await leased(0, buyer);
    await settle(plan);
    // All there is, and a part of it lies in the lease of the first.
    expect((await market.wallet(buyer)).held).toBeGreaterThan(0n);
    const dear = await admit(1, buyer, Number(60n * holdEach) - 10);
    expect(dear).toMatchObject({ status: 200, value: { holdAmount: String(60n * holdEach) } });
    await settle(dear.value, 5);
    expect(await rests(buyer)).toEqual({ posted: 60n * holdEach - 15n, held: 0n });
  }, 30_000);

  it('give it back as soon as its API token is changed or revoked', async () => {
    const scopes = ['inference', 'usage', 'manage'] as const;
    const buyer = await market.buyer('ended', { credit: 60n * holdEach, scopes });
    const own = market.operator.as(buyer.apiToken);
    const { apiTokens } = await own.call('GET', '/api/account/api-tokens', ApiTokens);
    const path = `/api/account/api-tokens/${apiTokens[0]?.id}`;
    const plans = [await leased(0, buyer), await leased(1, buyer)];
    await own.call('PATCH', path, UpdatedApiToken, { limits: { concurrencyMax: 2 } });
    // Long before they would be idle: what is held is what runs.
    const isGivenBack = async () => (await market.wallet(buyer)).held === 2n * holdEach;
    await until(isGivenBack, { timeoutMs: 900, message: 'both leases are back' });
    expect(await admit(0, buyer)).toMatchObject({ status: 429, code: 'CONCURRENCY_EXCEEDED' });
    await own.call('DELETE', path, Acknowledgement);
    expect(await admit(0, buyer)).toMatchObject({ status: 401, code: 'API_TOKEN_INVALID' });
    // What was let in before is paid all the same.
    for (const plan of plans) expect(await settle(plan, 20)).toMatchObject({ charged: '30' });
    expect(await rests(buyer)).toEqual({ posted: 60n * holdEach - 60n, held: 0n });
  }, 30_000);
});

describe('a budget that is set while leases pay', () => {
  const chat = async ({ apiToken }: TestBuyer) => {
    const response = await fetch(`${market.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        ...{ model: 'hosted/plain', messages: [{ role: 'user', content: 'Hello!' }] },
        max_tokens: 90,
      }),
    });
    const { error } = (await response.json()) as { error?: { code: string; type: string } };
    const shouldRetry = response.headers.get('x-should-retry');
    return { status: response.status, code: error?.code, shouldRetry };
  };

  it('calls them back, counts what they let in, and refuses with its own code at both', async () => {
    const scopes = ['inference', 'usage', 'manage'] as const;
    const buyer = await market.buyer('frugal', { credit: 600n * holdEach, scopes });
    const own = market.operator.as(buyer.apiToken);
    const { apiTokens } = await own.call('GET', '/api/account/api-tokens', ApiTokens);
    const path = `/api/account/api-tokens/${apiTokens[0]?.id}`;
    const put = async (amount: bigint) => {
      const budgets = [{ period: 'day', amount: String(amount) }];
      return (await own.call('PATCH', path, UpdatedApiToken, { budgets })).apiToken.budgets;
    };
    const plans = [await leased(0, buyer), await leased(1, buyer)];
    // The answer comes when no router has a lease any more: what is held is what runs.
    await put(2n * holdEach + 50n);
    for (const place of [0, 1]) {
      expect(await admit(place, buyer)).toMatchObject({ status: 402, code: 'BUDGET_EXCEEDED' });
    }
    const isGivenBack = async () => (await market.wallet(buyer)).held === 2n * holdEach;
    await until(isGivenBack, { timeoutMs: 900, message: 'both leases are back' });
    expect(await chat(buyer)).toEqual({
      ...{ status: 402, code: 'budget_exceeded', shouldRetry: 'false' },
    });
    for (const plan of plans) expect(await settle(plan, 20)).toMatchObject({ charged: '30' });
    // What they did not use is there again.
    expect(await chat(buyer)).toMatchObject({ status: 200 });
    const [left] = await put(50n);
    expect(left).toMatchObject({ amount: '50', remaining: '0' });
    expect(await chat(buyer)).toMatchObject({ status: 402, code: 'budget_exceeded' });
    await put(10n * holdEach);
    const plan = await admit(1, buyer);
    expect(plan).toMatchObject({ status: 200, value: { ticket: null } });
    await settle(plan.value, 20);
    await rests(buyer);
  }, 30_000);
});

describe('a settlement from a lease', () => {
  it('is charged once, whichever replica of accounts has it first', async () => {
    const buyer = await market.buyer('twice', { credit: 60n * holdEach });
    const plans = [await leased(0, buyer), await leased(1, buyer)];
    for (const plan of plans) {
      const told = await Promise.all([1, 0, 1, 0].map((place) => settle(plan, 20, place)));
      expect(told.map(({ result }) => result).sort()).toEqual([
        'replay',
        'replay',
        'replay',
        'settled',
      ]);
      expect(new Set(told.map(({ charged }) => charged))).toEqual(new Set(['30']));
    }
    expect(await rests(buyer)).toEqual({ posted: 60n * holdEach - 60n, held: 0n });
  }, 30_000);
});

describe('a router that is killed', () => {
  it('leaves a lease behind that comes back when it expires, and every cent is right', async () => {
    const buyer = await market.buyer('bereft', { credit: 60n * holdEach });
    const paid = await leased(1, buyer);
    const lost = await leased(1, buyer);
    expect(await settle(paid, 20)).toEqual(
      expect.objectContaining({ result: 'settled', charged: '30' }),
    );
    await routers[1]?.kill();
    expect((await market.wallet(buyer)).held).toBeGreaterThan(0n);
    const wallet = await rests(buyer, issueMsMax + holdTtlMs + 10_000);
    expect(wallet).toEqual({ posted: 60n * holdEach - 30n, held: 0n });
    // Its gateway was away for so long: too late for money, kept for a person.
    expect(await settle(lost, 20)).toEqual(
      expect.objectContaining({ result: 'fenced', charged: '0' }),
    );
    expect(await market.wallet(buyer)).toEqual(wallet);
    await routers[1]?.restart();
    await settle(await leased(1, buyer), 20);
    expect(await rests(buyer)).toEqual({ posted: 60n * holdEach - 60n, held: 0n });
  }, 60_000);
});
