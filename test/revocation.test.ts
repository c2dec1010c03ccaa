import { randomBytes } from 'node:crypto';
import {
  Acknowledgement,
  type Admit,
  CreatedApiToken,
  internalPaths,
  User,
} from '@aisbf/contracts';
import { findFreePorts, type Service, startService } from '@aisbf/one-machine';
import { MarketUnderTest, type TestBuyer, until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

/** Callers at each replica, each asking again as soon as it is answered. */
const callersPerRouter = 4;
/** How often the whole is done: what goes wrong here goes wrong sometimes. */
const rounds = 5;
/** A lease, what clocks may differ by, and some time to say so on a busy machine. */
const fencedWithinMs = 1_800;

let market: MarketUnderTest;
let routers: readonly Service[];
let secret: string;

beforeAll(async () => {
  market = await MarketUnderTest.start({ hasOwnServers: true });
  const environment = market.market.environment('router');
  secret = environment.AISBF_INTERNAL_SECRET ?? '';
  const more = await Promise.all([1, 2].map(() => anotherRouter(environment)));
  routers = [market.market.services.router, ...more];
  const shop = await market.shop('sam', 'sams', ['demo-small']);
  await market.worker(shop, 'only');
  const watcher = await market.buyer('watcher');
  await market.untilBuyable(watcher, 'sams/demo-small');
}, 90_000);

afterAll(async () => {
  for (const router of routers?.slice(1) ?? []) await router.stop();
  const wrongs = await market?.stop();
  expect(wrongs).toEqual([]);
}, 60_000);

async function anotherRouter(environment: Readonly<Record<string, string>>): Promise<Service> {
  const [http, grpc] = [await findFreePorts(1), await findFreePorts(1)].flat();
  return startService({
    name: 'router',
    env: { ...environment, ROUTER_HTTP_PORT: String(http), ROUTER_GRPC_PORT: String(grpc) },
    dataDir: `${market.market.dataDir}/more-${http}`,
  });
}

function admit(apiToken: string): Admit {
  return {
    type: 'admit',
    requestId: `req_${randomBytes(16).toString('hex')}`,
    apiToken,
    pathUsername: null,
    clientAddress: null,
    facts: {
      endpoint: 'chat.completions',
      route: 'sams/demo-small',
      isStream: true,
      bodyBytes: 200,
      promptTokens: 10,
      outputTokensMax: 10,
      choices: 1,
    },
  };
}

type Call = Readonly<{ startedAtMs: number; status: number; router: number; what: string }>;

/** Asks every router for plans and for lists of models, without a pause. */
class Callers {
  readonly calls: Call[] = [];
  private isDone = false;
  private readonly running: Promise<void>[];

  constructor(private readonly apiToken: string) {
    this.running = routers.flatMap((_router, index) =>
      Array.from({ length: callersPerRouter }, (_none, caller) => this.ask(index, caller)),
    );
  }

  /** Every router has let every kind of call through, and goes on doing so. */
  async untilAllServe(): Promise<void> {
    const from = this.calls.length;
    await until(() =>
      routers.every((_router, index) =>
        ['admit', 'models'].every((what) =>
          this.calls
            .slice(from)
            .some((call) => call.router === index && call.what === what && call.status === 200),
        ),
      ),
    );
  }

  async stop(): Promise<void> {
    this.isDone = true;
    await Promise.all(this.running);
  }

  callsAfter(atMs: number): readonly Call[] {
    return this.calls.filter(({ startedAtMs, status }) => startedAtMs > atMs && status !== 0);
  }

  successesAfter(atMs: number): readonly Call[] {
    return this.callsAfter(atMs).filter(({ status }) => status < 300);
  }

  private async ask(router: number, caller: number): Promise<void> {
    const isList = caller % 2 === 0;
    const path = isList ? internalPaths.routerModels : internalPaths.routerAdmit;
    while (!this.isDone) {
      const list = { type: 'list-models', apiToken: this.apiToken, pathUsername: null };
      const startedAtMs = performance.now();
      const status = await post(routers[router]?.url, path, isList ? list : admit(this.apiToken));
      this.calls.push({ startedAtMs, status, router, what: isList ? 'models' : 'admit' });
    }
  }
}

/** 0 where nobody answers. */
async function post(url: string | undefined, path: string, body: unknown): Promise<number> {
  try {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-aisbf-internal-secret': secret },
      body: JSON.stringify(body),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

type Buyer = TestBuyer & Readonly<{ id: string }>;

async function buyer(): Promise<Buyer> {
  const made = await market.buyer(`buyer-${randomBytes(4).toString('hex')}`, {
    credit: 10n ** 15n,
  });
  const request = { name: 'test', username: made.username, scopes: ['inference', 'manage'] };
  const { id, apiToken } = await market.operator.call(
    'POST',
    '/api/account/api-tokens',
    CreatedApiToken,
    request,
  );
  return { ...made, id, apiToken };
}

/** Revokes; what it gives is when the answer was there. */
async function revoke({ id, apiToken }: Buyer) {
  const startedAtMs = performance.now();
  const acknowledgement = await market.operator
    .as(apiToken)
    .call('DELETE', `/api/account/api-tokens/${id}`, Acknowledgement);
  const answeredAtMs = performance.now();
  return { acknowledgement, answeredAtMs, tookMs: answeredAtMs - startedAtMs };
}

/** Revokes while everybody calls, and looks at what succeeds after the answer. */
async function revokeUnderLoad(meanwhile: () => Promise<unknown> = async () => undefined) {
  const person = await buyer();
  const callers = new Callers(person.apiToken);
  try {
    await callers.untilAllServe();
    await meanwhile();
    const { acknowledgement, answeredAtMs, tookMs } = await revoke(person);
    const isEnough = () => callers.callsAfter(answeredAtMs).length > 50;
    await until(isEnough, { timeoutMs: 10_000, message: 'fifty more calls have been made' });
    await callers.stop();
    return { acknowledgement, tookMs, successes: callers.successesAfter(answeredAtMs) };
  } finally {
    await callers.stop();
  }
}

const nobodyServesIt = {
  acknowledgement: { isAcknowledged: true, missing: [] },
  successes: [],
};

describe('an API token that is revoked under load', () => {
  it.each(Array.from({ length: rounds }, (_none, round) => round + 1))(
    'succeeds at no replica after the answer (round %s)',
    async () => {
      const ended = await revokeUnderLoad();
      expect(ended).toMatchObject(nobodyServesIt);
      expect(ended.tookMs).toBeLessThan(fencedWithinMs);
    },
    30_000,
  );

  it('is gone just the same while the bus is away', async () => {
    const bus = market.market.servers.nats.daemon;
    try {
      const ended = await revokeUnderLoad(async () => bus?.kill());
      expect(ended).toMatchObject(nobodyServesIt);
      expect(ended.tookMs).toBeLessThan(fencedWithinMs);
    } finally {
      await bus?.restart();
    }
  }, 60_000);

  it('is not waited for at a replica that was killed', async () => {
    const [, , victim] = routers;
    try {
      const ended = await revokeUnderLoad(async () => victim?.kill());
      expect(ended).toMatchObject(nobodyServesIt);
      expect(ended.tookMs).toBeLessThan(fencedWithinMs);
    } finally {
      await victim?.restart();
    }
  }, 60_000);
});

/** Somebody who was invited and has chosen a password: a page of the market with the cookies of a session. */
async function signedIn() {
  const email = `user-${randomBytes(4).toString('hex')}@example.com`;
  const username = email.split('@', 1)[0] ?? '';
  await market.operator.call('POST', '/api/account/users', User, { username, email });
  const link = await market.mailedLink(email);
  const token = link.pathname.split('/').at(-1);
  const newPassword = 'chosen for this test';
  let cookie = '';
  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${market.url}/api/account/auth${path}`, {
      method,
      headers: { origin: market.url, cookie, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const set = response.headers.getSetCookie().map((text) => text.split(';', 1)[0]);
    if (set.length > 0) cookie = set.join('; ');
    return response;
  };
  await call('POST', '/reset-password', { token, newPassword });
  expect((await call('POST', '/sign-in/email', { email, password: newPassword })).status).toBe(200);
  const { token: accessToken } = (await (await call('GET', '/token')).json()) as { token: string };
  return { call, accessToken };
}

describe('a session', () => {
  it('manages at every replica and at the broker, and at none after signing out', async () => {
    const { call, accessToken } = await signedIn();
    const headers = { authorization: `Bearer ${accessToken}` };
    const doors = [
      ...routers.map(({ url }) => `${url}/api/catalog/providers`),
      `${market.url}/api/coderai/broker/sessions`,
      `${market.url}/api/account/balance`,
    ];
    const statuses = () =>
      Promise.all(doors.map(async (door) => (await fetch(door, { headers })).status));
    expect(new Set(await statuses())).toEqual(new Set([200]));
    const completion = await fetch(`${market.url}/v1/models`, { headers });
    expect(completion.status).toBe(401);
    const answer = await call('POST', '/sign-out', {});
    expect(answer.headers.get('x-aisbf-acknowledged')).toBe('true');
    expect(new Set(await statuses())).toEqual(new Set([401]));
  }, 30_000);
});

describe('a replica that hears nothing of accounts', () => {
  it('lets nobody in whom it only remembers', async () => {
    const person = await buyer();
    const list = { type: 'list-models', apiToken: person.apiToken, pathUsername: null };
    const ask = () => post(routers[1]?.url, internalPaths.routerModels, list);
    await until(async () => (await ask()) === 200);
    await market.market.services.accounts.kill();
    const awaySinceMs = performance.now();
    await until(async () => (await ask()) === 503, { timeoutMs: 5_000 });
    expect(performance.now() - awaySinceMs).toBeLessThan(fencedWithinMs);
    await market.market.services.accounts.restart();
    await until(async () => (await ask()) === 200);
  }, 90_000);
});
