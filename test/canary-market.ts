import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { CreatedProvider, Provider } from '@aisbf/contracts';
import {
  Eavesdropper,
  FakeMailServer,
  FakeUpstream,
  listenOnLoopback,
  MarketUnderTest,
  type TestBuyer,
  type TestShop,
} from '@aisbf/testkit';
import type { Canary } from './canary.js';
import { type Mood, moods, script } from './canary-upstream.js';
import { unevenPrices } from './price.js';

/** Characters that every encoding writes differently: whoever only looks for the secret as it is misses them. */
const awkward = '"/+=\\&%';
const random = (bytes = 24) => randomBytes(bytes).toString('hex');
const base64Key = () => randomBytes(32).toString('base64');

/** What is chosen here, so that it can be looked for. */
export const chosen = {
  credential: `sk-${random()}${awkward}${random(8)}`,
  replacedCredential: `sk-${random()}`,
  headerSecret: `${random()}${awkward}`,
  parameterSecret: `${random()}${awkward}`,
  engineKey: `sk-${random()}/+${random(8)}`,
  stripeSecretKey: `sk_test_${random()}`,
  stripeWebhookSecret: `whsec_${random()}`,
  internalSecret: `internal-${random()}`,
  accountsPepper: `pepper-${random()}`,
  routerPepper: `pepper-${random()}`,
  currentCredentialKey: base64Key(),
  formerCredentialKey: base64Key(),
  prompt: `tell me of ${random()}`,
  reply: `it is ${random()}`,
} as const;

/** What a worker sells that says its own token at every occasion. */
export const loudModel = 'loud';

const { currentCredentialKey, formerCredentialKey } = chosen;

type People = Readonly<{ buyer: TestBuyer; manager: TestBuyer; spender: TestBuyer }>;

type RefusingStripe = Readonly<{
  url: string;
  stop: () => Promise<void>;
  refusals: () => number;
}>;

type Parts = Readonly<{
  market: MarketUnderTest;
  upstream: FakeUpstream;
  ears: Eavesdropper;
  stripe: RefusingStripe;
  mails: FakeMailServer;
  people: People;
  shop: TestShop;
  /** The same, with the token that it had before. */
  retired: TestShop;
  hostedId: string;
}>;

/** Everybody's secrets, in a market that says all it can say. */
export class CanaryMarket {
  readonly market: MarketUnderTest;
  readonly upstream: FakeUpstream;
  readonly ears: Eavesdropper;
  readonly mails: FakeMailServer;
  readonly people: People;
  readonly shop: TestShop;
  readonly hostedId: string;

  private constructor(private readonly parts: Parts) {
    this.market = parts.market;
    this.upstream = parts.upstream;
    this.ears = parts.ears;
    this.mails = parts.mails;
    this.people = parts.people;
    this.shop = parts.shop;
    this.hostedId = parts.hostedId;
  }

  static async start(): Promise<CanaryMarket> {
    const [stripe, mails, upstream] = await Promise.all([
      startRefusingStripe(),
      FakeMailServer.start(),
      FakeUpstream.start(moods),
    ]);
    for (const mood of moods) upstream.on(mood, script(mood, chosen));
    const market = await MarketUnderTest.start({
      hasOwnServers: true,
      serviceEnv: talkative(stripe.url, mails.url),
    });
    const { nats, redis } = market.market.servers;
    const ears = await Eavesdropper.start({ natsUrl: nats.url, redisUrl: redis.url });
    const people = {
      buyer: await market.buyer('alice', { scopes: ['inference', 'usage', 'manage'] }),
      manager: await market.buyer('mona', { scopes: ['manage'] }),
      spender: await market.buyer('stan', { scopes: ['inference'] }),
    };
    const retired = await market.shop('sam', 'sams', moods, unevenPrices);
    // The second call replaces the token.
    const shop = await market.shop('sam', 'sams', [...moods, loudModel], unevenPrices);
    const hostedId = await hosted(market, upstream.url);
    await market.worker(shop, 'canary', {
      upstreamUrl: upstream.url,
      env: {
        WORKER_UPSTREAM_API_KEY: chosen.engineKey,
        WORKER_LOG_LEVEL: 'debug',
        WORKER_UPSTREAM_HEADERS_MS_MAX: '1500',
      },
    });
    const models = moods.flatMap((mood) => [`hosted/${mood}`, `sams/${mood}`]);
    await market.untilBuyable(people.buyer, ...models);
    return new CanaryMarket({
      market,
      upstream,
      ears,
      stripe,
      mails,
      people,
      shop,
      retired,
      hostedId,
    });
  }

  /** How often Stripe was asked, and has refused the key. */
  get stripeRefusals(): number {
    return this.parts.stripe.refusals();
  }

  get url(): string {
    return this.market.url;
  }

  /** All that is looked for: what was chosen, and what the market has made itself. */
  canaries(): readonly Canary[] {
    const { buyer, manager, spender } = this.people;
    const { environment } = this.market.market;
    const secrets = {
      ...chosen,
      operatorToken: secretPart(this.market.operator.apiToken),
      buyerToken: secretPart(buyer.apiToken),
      managerToken: secretPart(manager.apiToken),
      spenderToken: secretPart(spender.apiToken),
      registrationToken: secretPart(this.shop.registrationToken),
      retiredRegistrationToken: secretPart(this.parts.retired.registrationToken),
      accountsPassword: new URL(environment('accounts').ACCOUNTS_DATABASE_URL ?? '').password,
      routerPassword: new URL(environment('router').ROUTER_DATABASE_URL ?? '').password,
    };
    return Object.entries(secrets).map(([name, text]) => ({ name, text }));
  }

  async stop(): Promise<readonly unknown[]> {
    await this.ears.stop();
    const wrongs = await this.market.stop();
    await this.upstream.stop();
    await this.mails.stop();
    await this.parts.stripe.stop();
    return wrongs;
  }
}

/** Its prefix and its public id may be shown; see `libs/secrets`. */
export function secretPart(token: string): string {
  return token.split('_').at(-1) ?? '';
}

function talkative(stripeUrl: string, mailUrl: string) {
  const all = { AISBF_INTERNAL_SECRET: chosen.internalSecret };
  return {
    accounts: {
      ...all,
      ACCOUNTS_LOG_LEVEL: 'debug',
      ACCOUNTS_SECRET_PEPPER: chosen.accountsPepper,
      ACCOUNTS_SIGN_UP: 'open',
      ACCOUNTS_SMTP_URL: mailUrl,
      ACCOUNTS_PAYMENTS: 'stripe',
      ACCOUNTS_STRIPE_URL: stripeUrl,
      ACCOUNTS_STRIPE_SECRET_KEY: chosen.stripeSecretKey,
      ACCOUNTS_STRIPE_WEBHOOK_SECRET: chosen.stripeWebhookSecret,
      ACCOUNTS_PAYMENT_RETURN_URL: stripeUrl,
    },
    router: {
      ...all,
      ROUTER_LOG_LEVEL: 'debug',
      ROUTER_SECRET_PEPPER: chosen.routerPepper,
      ROUTER_CREDENTIAL_KEYS: `now:${currentCredentialKey},once:${formerCredentialKey}`,
      ROUTER_CREDENTIAL_REWRAP_INTERVAL_MS: '500',
      ROUTER_FIRST_BYTE_MS_MAX: '1500',
      ROUTER_COOLDOWN_MS_BASE: '1',
      ROUTER_COOLDOWN_MS_MAX: '1',
    },
    broker: { ...all, BROKER_LOG_LEVEL: 'debug' },
    gateway: { ...all, GATEWAY_LOG_LEVEL: 'debug' },
  };
}

/** A hosted provider whose credential was replaced once. */
async function hosted(market: MarketUnderTest, baseUrl: string): Promise<string> {
  const path = '/api/catalog/providers';
  const request = {
    kind: 'openai',
    name: 'hosted',
    baseUrl,
    credential: chosen.replacedCredential,
    headers: { 'x-canary': chosen.headerSecret },
    query: { canary: chosen.parameterSecret },
    models: moods.map((name: Mood) => ({ name })),
  };
  const { provider } = await market.operator.call('POST', path, CreatedProvider, request);
  const change = { credential: chosen.credential };
  await market.operator.call('PATCH', `${path}/${provider.id}`, Provider, change);
  for (const mood of moods) await market.operator.putListing(provider.id, mood, unevenPrices);
  return provider.id;
}

/** Quotes the key that it refuses, as Stripe does of unknown ones. */
async function startRefusingStripe(): Promise<RefusingStripe> {
  let refusals = 0;
  const server = createServer((request, response) => {
    refusals += 1;
    const given = String(request.headers.authorization);
    const message = `Invalid API Key provided: ${given}`;
    const body = { error: { type: 'invalid_request_error', message, request_log_url: given } };
    response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  const { url, stop } = await listenOnLoopback(server);
  return { url, stop, refusals: () => refusals };
}
