import { randomBytes } from 'node:crypto';
import { type Clock, createLog, NatsBus, readConfig } from '@aisbf/platform';
import { createDatabase, natsUrl, redisUrl } from '@aisbf/testkit';
import { routerSettings } from '../src/config.js';
import { startRouter } from '../src/router.js';
import { startFakeAccounts } from './fake-accounts.js';

export const internalSecret = 'an-internal-secret-for-tests';

type Answer = Readonly<{
  status: number;
  headers: Headers;
  // Tests read whatever came; a wrong shape fails them.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  body: any;
}>;

export type Harness = Awaited<ReturnType<typeof startHarness>>;

/** Real servers, fake accounts, and as many routers as a test starts. */
export async function startHarness() {
  const [database, nats, redis, accounts] = [
    await createDatabase(),
    await natsUrl(),
    await redisUrl(),
    await startFakeAccounts(),
  ];
  const bus = await NatsBus.connect({ url: nats, name: 'test', log: createLog('test', 'silent') });
  const environment = {
    AISBF_INTERNAL_SECRET: internalSecret,
    AISBF_NATS_URL: nats,
    ROUTER_HTTP_PORT: '0',
    ROUTER_GRPC_PORT: '0',
    ROUTER_LOG_LEVEL: 'silent',
    ROUTER_DATABASE_URL: database.urls.router,
    ROUTER_REDIS_URL: redis,
    ROUTER_ACCOUNTS_URL: accounts.url,
    ROUTER_SECRET_PEPPER: 'a-pepper-for-registration-tokens',
    ROUTER_CREDENTIAL_KEYS: `first:${randomBytes(32).toString('base64')}`,
    ROUTER_CATALOGUE_POLL_MS: '200',
    ROUTER_BROKER_SILENCE_MS_MAX: '2500',
    ROUTER_PRESENCE_TICK_MS: '100',
    // Tests that are about something else have upstreams that are not there.
    ROUTER_PROBES: 'false',
  };
  const open = new Set<() => Promise<void>>();

  return {
    database,
    accounts,
    bus,
    environment,
    router: async (changes: Readonly<Record<string, string>> = {}, clock?: Clock) => {
      const settings = readConfig(routerSettings, { ...environment, ...changes });
      const router = await startRouter(settings, clock);
      const close = async () => {
        open.delete(close);
        await router.close();
      };
      open.add(close);
      return { ...router, ...(await clientOf(await router.app.getUrl())), close };
    },
    stop: async () => {
      for (const close of [...open].reverse()) await close();
      await bus.close();
      await accounts.close();
      await database.drop();
    },
  };
}

export type RunningRouter = Awaited<ReturnType<Harness['router']>>;

async function clientOf(url: string) {
  const send = async (
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: unknown,
  ): Promise<Answer> => {
    const response = await fetch(new URL(path, url), {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text !== '' ? JSON.parse(text) : text,
    };
  };
  return {
    url,
    /** A management call with an API token. */
    call: (apiToken: string, method: string, path: string, body?: unknown) =>
      send(method, path, { authorization: `Bearer ${apiToken}` }, body),
    /** A call of one of our own services. */
    internal: (path: string, body: unknown, secret = internalSecret) =>
      send('POST', path, { 'x-aisbf-internal-secret': secret }, body),
    get: (path: string) => send('GET', path, {}),
  };
}
