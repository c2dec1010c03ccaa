import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { restRoutes, TopUp } from '@aisbf/contracts';
import {
  FakeRealtime,
  FakeStripe,
  FakeUpstream,
  MarketUnderTest,
  SoftwareAuthenticator,
  StudioWorker,
  type TestBuyer,
  type TestShop,
  totpOf,
  until,
} from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type FormFields, fileCalls, formOf } from './file-calls.js';

type Call = Readonly<{
  token: string;
  path?: Readonly<Record<string, string>>;
  query?: Readonly<Record<string, string>>;
  body?: unknown;
  /** Fields of a form. */
  form?: FormFields;
  headers?: Readonly<Record<string, string>>;
}>;

type Created = Readonly<Record<string, string>>;

let market: MarketUnderTest;
let stripe: FakeStripe;
let upstream: FakeUpstream;
let painter: StudioWorker;
let talker: FakeRealtime;
let buyer: TestBuyer;
let shop: TestShop;
/** What earlier calls have made, for later ones to name. */
let made: Record<string, string>;

const operator = (): string => market.operator.apiToken;
const identity = (username: string, provider: string, registrationToken: string) => ({
  username,
  provider_id: provider,
  client_id: 'tester',
  registration_token: registrationToken,
});
const operatorsWorker = () => ({ query: identity('global', 'lab', made.secret ?? ''), token: '' });
const sellersWorker = () => ({
  path: { username: 'sam' },
  query: identity('sam', shop.provider, shop.registrationToken),
  token: '',
});

const film = () => ({ token: buyer.apiToken, path: { id: made.film ?? '' } });
const response = () => ({ token: buyer.apiToken, path: { id: made.response ?? '' } });

const today = new Date().toISOString().slice(0, 10);
const thisYear = {
  from: new Date(Date.now() - 31_536_000_000).toISOString().slice(0, 10),
  to: today,
};
const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
const batchId = randomUUID();
/** Calls that this market cannot but refuse, and how: `apps/accounts` has a payment provider to try them. */
const refusedHere: Readonly<Record<string, number>> = {
  startPayoutOnboarding: 400,
  getPayout: 404,
  cancelResponse: 400,
  approveRepair: 403,
};
const pat = { email: 'pat@example.com', password: 'the first of them' };
const newPassword = 'the second of them';
const lastPassword = 'the third of them';
const device = new SoftwareAuthenticator();
const here = () => ({ origin: market.url });
/** The last challenge that a page was given to answer. */
const challenged = () => JSON.parse(made.challenge ?? '{}');
const lastSegment = (link: URL) => link.pathname.split('/').at(-1) ?? '';

/** What one person does from signing up to signing out. */
function signingIn(): Readonly<Record<string, () => Call | Promise<Call>>> {
  const token = '';
  const known = { password: newPassword };
  return {
    signUp: () => ({ token, body: { username: 'pat', ...pat } }),
    sendVerification: () => ({ token, body: { email: pat.email } }),
    verifyEmail: async () => {
      const link = await market.mailedLink(pat.email);
      return { token, query: { token: link.searchParams.get('token') ?? '' } };
    },
    requestPasswordReset: () => ({ token, body: { email: pat.email, redirectTo: '/' } }),
    followPasswordReset: async () => {
      const link = await market.mailedLink(pat.email, 3);
      made.reset = lastSegment(link);
      return { token, path: { token: made.reset }, query: { callbackURL: '/' } };
    },
    resetPassword: () => ({ token, body: { token: made.reset, newPassword } }),
    signIn: () => ({ token, body: { email: pat.email, password: newPassword } }),
    getSession: () => ({ token }),
    getAccessKeys: () => ({ token }),
    getAccessToken: () => ({ token }),
    enableTwoFactor: () => ({ token, body: known }),
    enterTotp: () => ({ token, body: { code: totpOf(made.totp ?? '') } }),
    replaceBackupCodes: () => ({ token, body: known }),
    enterBackupCode: () => ({ token, body: { code: made.backupCode } }),
    disableTwoFactor: () => ({ token, body: known }),
    beginPasskey: () => ({ token }),
    addPasskey: () => ({ token, body: { response: device.create(challenged(), here()) } }),
    listPasskeys: () => ({ token }),
    beginPasskeySignIn: () => ({ token }),
    signInWithPasskey: () => ({ token, body: { response: device.get(challenged(), here()) } }),
    deletePasskey: () => ({ token, body: { id: made.passkey } }),
    changePassword: () => ({
      token,
      body: { currentPassword: newPassword, newPassword: lastPassword },
    }),
    endOtherSessions: () => ({ token, body: {} }),
    signOut: () => ({ token }),
  };
}

const unfinishedBatches = 'SELECT FROM batch WHERE is_batch_unfinished(status)';
const areBatchesOver = async () => (await market.query(unfinishedBatches)).length === 0;

/** One call of every route, in an order in which each finds what it needs. */
const calls: Readonly<Record<string, () => Call | Promise<Call>>> = {
  getPrincipal: () => ({ token: operator() }),
  createUser: () => ({ token: operator(), body: { username: 'rex' } }),
  listUsers: () => ({ token: operator(), query: { limit: '2' } }),
  updateUser: () => ({ token: operator(), path: { username: 'rex' }, body: { isDisabled: false } }),
  createApiToken: () => ({
    token: operator(),
    body: { name: 'spare', username: 'operator', scopes: ['manage'] },
  }),
  listApiTokens: () => ({ token: operator(), query: { username: 'global' } }),
  getApiToken: () => ({ token: operator(), path: { id: made.apiToken ?? '' } }),
  updateApiToken: () => ({
    token: operator(),
    path: { id: made.apiToken ?? '' },
    body: {
      rules: { routes: ['rotation/*'] },
      budgets: [{ period: 'month', isRolling: true, amount: '1000' }],
    },
  }),
  rotateApiToken: () => ({ token: operator(), path: { id: made.apiToken ?? '' } }),
  listAudit: () => ({ token: operator(), query: { limit: '5' } }),
  grantCredit: () => ({
    token: operator(),
    body: { username: 'rex', amount: '1000', grantId: randomUUID(), reason: 'a test' },
  }),
  ...signingIn(),
  getBalance: () => ({ token: buyer.apiToken }),
  createProvider: () => ({ token: operator(), body: { kind: 'coderai', name: 'lab' } }),
  listProviders: () => ({ token: operator(), query: { username: 'sam' } }),
  getProvider: () => ({ token: operator(), path: { id: made.provider ?? '' } }),
  getProviderPace: () => ({ token: operator(), path: { id: made.provider ?? '' } }),
  getProviderHealth: () => ({ token: operator(), path: { id: made.provider ?? '' } }),
  updateProvider: () => ({
    token: operator(),
    path: { id: made.provider ?? '' },
    body: { isEnabled: true, policy: { audience: 'listed', usernames: ['sam'] } },
  }),
  replaceRegistrationToken: () => ({ token: operator(), path: { id: made.provider ?? '' } }),
  createRegistration: () => ({ token: operator(), path: { id: made.provider ?? '' } }),
  listRegistrations: () => ({ token: operator(), path: { id: made.provider ?? '' } }),
  revokeRegistration: () => ({
    token: operator(),
    path: { id: made.provider ?? '', registrationId: made.registration ?? '' },
  }),
  putListing: () => ({
    token: operator(),
    body: {
      ...{ providerId: made.provider ?? '', model: 'm', prices: { prompt_token: '1' } },
      validFrom: tomorrow,
    },
  }),
  listListings: () => ({ token: operator() }),
  getListing: () => ({ token: operator(), path: { id: made.listing ?? '' } }),
  putListingFee: () => ({
    token: operator(),
    path: { id: made.listing ?? '' },
    body: { feeBps: 100, validFrom: tomorrow },
  }),
  listListingFeeChanges: () => ({ token: operator(), path: { id: made.listing ?? '' } }),
  withdrawListingFeeChange: () => ({
    token: operator(),
    path: { id: made.listing ?? '', changeId: made.listingFee ?? '' },
  }),
  putSellerFee: () => ({
    token: operator(),
    path: { username: 'sam' },
    body: { feeBps: 100, validFrom: tomorrow },
  }),
  getSellerFee: () => ({ token: operator(), path: { username: 'sam' } }),
  listSellerFeeChanges: () => ({ token: operator(), path: { username: 'sam' } }),
  withdrawSellerFeeChange: () => ({
    token: operator(),
    path: { username: 'sam', changeId: made.sellerFee ?? '' },
  }),
  listPriceChanges: () => ({ token: operator(), path: { id: made.listing ?? '' } }),
  withdrawPriceChange: () => ({
    token: operator(),
    path: { id: made.listing ?? '', changeId: made.price ?? '' },
  }),
  putRotation: () => ({
    token: operator(),
    path: { name: 'both' },
    body: { members: [{ providerId: made.provider ?? '', model: 'm' }] },
  }),
  listRotations: () => ({ token: operator() }),
  putAutoselect: () => ({
    token: operator(),
    path: { name: 'pick' },
    body: {
      decisions: [
        {
          name: 'code',
          when: { all: [{ signal: 'subjects', op: 'has', value: 'code' }] },
          use: [{ from: [{ providerId: made.provider ?? '', model: 'm' }], privacy: 'ignored' }],
        },
      ],
      otherwise: [{ weights: { price: 3, speed: 1 } }],
    },
  }),
  getCatalogueRevision: () => ({ token: operator() }),
  listAutoselects: () => ({ token: operator() }),
  getAutoselect: () => ({ token: operator(), path: { name: 'pick' } }),
  listMarket: () => ({
    token: operator(),
    query: { text: 'small', max_prompt_token: '1000000000000', sort: 'price', limit: '1' },
  }),
  putImport: () => ({
    token: operator(),
    path: { name: 'cheap' },
    body: {
      ...{ listing: 'sam/sams/demo-small', note: 'a test' },
      maxPrices: { completion_token: '1000000000000' },
    },
  }),
  listImports: () => ({ token: operator() }),
  getImport: () => ({ token: operator(), path: { name: 'cheap' } }),
  listUsageChecks: () => ({ token: operator() }),
  liftUsageCheck: () => ({
    token: operator(),
    body: { providerId: made.provider ?? '', model: 'm' },
  }),
  checkOperatorWorker: operatorsWorker,
  checkWorker: sellersWorker,
  connectOperatorWorker: operatorsWorker,
  connectWorker: sellersWorker,
  listModels: () => ({ token: buyer.apiToken }),
  getModel: () => ({ token: buyer.apiToken, path: { model: 'sams/demo-small' } }),
  listCallableProviders: () => ({ token: buyer.apiToken }),
  listCallableRotations: () => ({ token: buyer.apiToken }),
  listCallableAutoselects: () => ({ token: buyer.apiToken }),
  listOllamaTags: () => ({ token: buyer.apiToken }),
  getOllamaVersion: () => ({ token: '' }),
  createChatCompletion: () => ({
    token: buyer.apiToken,
    body: { model: 'sams/demo-small', messages: [{ role: 'user', content: 'Hello!' }] },
  }),
  explainRoute: () => ({
    token: buyer.apiToken,
    body: { model: 'sams/demo-small', messages: [{ role: 'user', content: 'Hello!' }] },
  }),
  ...fileCalls(
    () => buyer.apiToken,
    () => made,
    () => until(areBatchesOver),
  ),
  createResponse: () => ({
    token: buyer.apiToken,
    body: { model: 'sams/demo-small', input: 'Hello!' },
  }),
  getResponse: () => response(),
  listResponseInputItems: () => ({ ...response(), query: { limit: '1' } }),
  cancelResponse: () => response(),
  deleteResponse: () => response(),
  createVideo: () => ({
    token: buyer.apiToken,
    body: { model: 'films/m', prompt: 'a cat' },
  }),
  openRealtimeSession: () => ({ token: buyer.apiToken, query: { model: 'talks/m' } }),
  listVideos: () => ({ token: buyer.apiToken, query: { limit: '1' } }),
  getVideo: () => film(),
  getVideoContent: () => film(),
  remixVideo: () => ({ ...film(), body: { prompt: 'more cats' } }),
  deleteVideo: () => film(),
  getMedia: async () => ({ token: '', path: { id: await namedFile() } }),
  createMessage: () => ({
    token: buyer.apiToken,
    body: { model: 'sams/demo-small', max_tokens: 20, messages: [{ role: 'user', content: 'Hi' }] },
  }),
  countMessageTokens: () => ({
    token: buyer.apiToken,
    body: { model: 'sams/demo-small', messages: [{ role: 'user', content: 'Hi' }] },
  }),
  getGeneration: () => ({ token: buyer.apiToken, query: { id: made.request ?? '' } }),
  listReceipts: () => ({ token: buyer.apiToken, query: { limit: '5' } }),
  getReceipt: () => ({ token: buyer.apiToken, path: { id: made.request ?? '' } }),
  getUsage: () => ({ token: buyer.apiToken, query: { ...thisYear, by: 'day,token,model' } }),
  getEarnings: () => ({ token: buyer.apiToken, query: { ...thisYear, by: 'day,model' } }),
  listSales: () => ({ token: buyer.apiToken, query: { limit: '5' } }),
  getStatement: () => ({ token: buyer.apiToken, query: { month: thisYear.to.slice(0, 7) } }),
  getEarningsBalance: () => ({ token: buyer.apiToken }),
  getPayoutAccount: () => ({ token: buyer.apiToken }),
  putPayoutAccount: () => ({
    token: operator(),
    path: { username: 'alice' },
    body: { provider: 'csv', destination: 'V-1' },
  }),
  // There is no payment provider: see `refusedHere`.
  startPayoutOnboarding: () => ({ token: operator() }),
  runPayouts: () => ({ token: operator(), body: { isDryRun: true } }),
  listPayouts: () => ({ token: operator() }),
  // Nothing was earned long enough ago to be paid out: see `refusedHere`.
  getPayout: () => ({ token: operator(), path: { id: batchId } }),
  createPayoutBatch: () => ({ token: operator(), body: { batchId } }),
  getPayoutBatch: () => ({ token: operator(), path: { id: batchId } }),
  recordPayoutOutcomes: () => ({
    token: operator(),
    body: { outcomes: [{ payoutId: batchId, outcome: 'paid' }] },
  }),
  refundRequest: () => ({
    token: operator(),
    path: { id: made.request ?? '' },
    body: { refundId: randomUUID(), reason: 'a test' },
  }),
  createTopUp: () => ({ token: operator(), body: newTopUp() }),
  listTopUps: () => ({ token: operator(), query: { username: 'global' } }),
  getTopUp: () => ({ token: operator(), path: { id: made.topUp ?? '' } }),
  refundTopUp: () => ({
    token: operator(),
    path: { id: made.paidTopUp ?? '' },
    body: { refundId: randomUUID(), amount: cents(100), reason: 'a test' },
  }),
  listDisputes: () => ({ token: operator() }),
  writeOffDebt: () => ({
    token: operator(),
    body: { writeOffId: randomUUID(), username: 'dora', reason: 'a test' },
  }),
  proposeRepair: () => ({
    token: operator(),
    body: {
      ...{ repairId: randomUUID(), debit: { kind: 'service_credit' }, amount: cents(500) },
      ...{ credit: { kind: 'buyer_wallet', username: 'rex' } },
      ...{ reason: 'a test', violation: 'fee', subject: made.request ?? '' },
    },
  }),
  listRepairs: () => ({ token: operator(), query: { limit: '5' } }),
  getRepair: () => ({ token: operator(), path: { id: made.repair ?? '' } }),
  // Whoever proposed it must not: see `refusedHere`.
  approveRepair: () => ({ token: operator(), path: { id: made.repair ?? '' } }),
  refuseRepair: () => ({
    token: operator(),
    path: { id: made.repair ?? '' },
    body: { reason: 'a test' },
  }),
  listReconciliations: () => ({ token: operator(), query: { job: 'day' } }),
  listAuditBlocks: () => ({ token: operator(), query: { from: today } }),
  putAutoTopUp: () => ({
    token: operator(),
    body: { isEnabled: false, ...{ threshold: '1', amount: cents(500), monthlyMax: cents(500) } },
  }),
  getAutoTopUp: () => ({ token: operator() }),
  listPromoGrants: () => ({ token: buyer.apiToken }),
  takePaymentEvent: () => {
    const body = { id: 'evt_1', object: 'event', type: 'planet.discovered', created: 1, data: {} };
    const headers = { 'stripe-signature': stripe.sign(JSON.stringify(body)) };
    return { token: '', path: { provider: 'stripe' }, body, headers };
  },
  listWorkerSessions: () => ({ token: operator() }),
  getWorkerStatus: () => ({ token: operator(), path: { provider_id: shop.provider } }),
  deleteListing: () => ({ token: operator(), path: { id: made.listing ?? '' } }),
  deleteRotation: () => ({ token: operator(), path: { name: 'both' } }),
  deleteImport: () => ({ token: operator(), path: { name: 'cheap' } }),
  deleteAutoselect: () => ({ token: operator(), path: { name: 'pick' } }),
  deleteProvider: () => ({ token: operator(), path: { id: made.provider ?? '' } }),
  revokeApiToken: () => ({ token: operator(), path: { id: made.apiToken ?? '' } }),
};

const firstId = (listed: unknown) => (listed as readonly { id: string }[])[0]?.id ?? '';

/** What is taken from the answers of the calls that make something. */
const takings: Readonly<Record<string, (answer: Created, headers: Headers) => Created>> = {
  createApiToken: ({ id = '' }) => ({ apiToken: id }),
  createProvider: ({ provider }) => ({
    provider: (provider as unknown as { id: string }).id,
  }),
  replaceRegistrationToken: ({ registrationToken = '' }) => ({ secret: registrationToken }),
  createRegistration: ({ registration }) => ({
    registration: (registration as unknown as { id: string }).id,
  }),
  enableTwoFactor: ({ totpURI = '' }) => ({ totp: totpURI }),
  beginPasskey: (answer) => ({ challenge: JSON.stringify(answer) }),
  addPasskey: ({ id = '' }) => ({ passkey: id }),
  beginPasskeySignIn: (answer) => ({ challenge: JSON.stringify(answer) }),
  replaceBackupCodes: ({ backupCodes }) => ({ backupCode: String(backupCodes?.[0]) }),
  putListing: ({ id = '' }) => ({ listing: id }),
  listListingFeeChanges: ({ changes }) => ({ listingFee: firstId(changes) }),
  listSellerFeeChanges: ({ changes }) => ({ sellerFee: firstId(changes) }),
  listPriceChanges: ({ changes }) => ({ price: firstId(changes) }),
  proposeRepair: ({ id = '' }) => ({ repair: id }),
  createTopUp: ({ id = '' }) => ({ topUp: id }),
  createFile: ({ id = '' }) => ({ file: id }),
  createBatch: ({ id = '' }) => ({ batch: id }),
  createResponse: ({ id = '' }) => ({ response: id }),
  createVideo: ({ id = '' }) => ({ film: id }),
  createChatCompletion: (_answer, headers) => ({ request: headers.get('x-request-id') ?? '' }),
};

type Route = (typeof restRoutes)[number];

function addressOf(route: Route, { path = {}, query = {} }: Omit<Call, 'token'>): URL {
  const filled = route.path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => path[name] ?? 'x');
  const url = new URL(filled, market.url);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

async function paintingWorker(): Promise<StudioWorker> {
  const { username, provider, registrationToken } = await market.shop('tom', 'arts', ['art']);
  const identity = { scope: username, provider, clientId: 'easel', registrationToken };
  const worker = await StudioWorker.connect(
    { marketUrl: market.url, ...identity },
    ['art'],
    ['/v1/images/generations'],
  );
  const url = 'http://127.0.0.1:8776/v1/files/x.png';
  worker.on('POST v1/images/generations', () => ({ data: [{ url }] }));
  worker.on('GET v1/files/x.png', () => ({ contentType: 'image/png', body: Buffer.from('x') }));
  return worker;
}

/** A picture that its worker only names; gives the id under which it is ours. */
async function namedFile(): Promise<string> {
  const painted = await fetch(`${market.url}/v1/images/generations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${buyer.apiToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'arts/art', prompt: 'a cat' }),
  });
  const { data } = (await painted.json()) as { data: readonly { url: string }[] };
  return lastSegment(new URL(data[0]?.url ?? ''));
}

/** Cookies of the one who signs in. */
const cookies = new Map<string, string>();

/** As browsers do, since this client has no headers either. */
async function opens(route: Route, { token, ...place }: Call): Promise<void> {
  const protocols = token === '' ? [] : ['realtime', `openai-insecure-api-key.${token}`];
  const url = addressOf(route, place).href.replace('http', 'ws');
  const socket = new WebSocket(url, protocols);
  await once(socket, 'open');
  socket.close();
}

async function send(
  route: Route,
  { token, body, form, headers, ...place }: Call,
): Promise<Response> {
  const isAuth = route.path.startsWith('/api/account/auth');
  const response = await fetch(addressOf(route, place), {
    method: route.method.toUpperCase(),
    redirect: 'manual',
    headers: {
      ...(token !== '' && { authorization: `Bearer ${token}` }),
      ...(isAuth && { origin: market.url, cookie: cookieHeader() }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(form && { body: formOf(form) }),
  });
  for (const cookie of response.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
    if (value === '') cookies.delete(name);
    else cookies.set(name, value);
  }
  return response;
}

function cookieHeader(): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
}

const cents = (amount: number): string => String(BigInt(amount) * 10_000_000n);
const newTopUp = () => ({ topUpId: randomUUID(), amount: cents(500) });

/** A payment of the operator's, beside one that somebody owes after it was taken back twice. */
async function paidTopUp(): Promise<string> {
  const dora = await market.buyer('dora', { credit: 0n, scopes: ['manage'] });
  const lost = await pay(dora.apiToken);
  stripe.book.refundOutside(lost.paymentId, 500);
  stripe.book.dispute(lost.paymentId, 500);
  const { id } = await pay(operator());
  await tellAll();
  return id;
}

async function pay(token: string): Promise<Readonly<{ id: string; paymentId: string }>> {
  const management = market.operator.as(token);
  const topUp = await management.call('POST', '/api/account/top-ups', TopUp, newTopUp());
  const paymentId = stripe.book.pay(topUp.checkoutUrl?.split('/').at(-1) ?? '');
  return { id: topUp.id, paymentId };
}

/** What the provider has to tell, signed. */
async function tellAll(): Promise<void> {
  for (const event of stripe.takeEvents()) {
    await stripe.send(event, `${market.url}/api/account/payments/webhook/stripe`);
  }
}

beforeAll(async () => {
  [stripe, upstream, talker] = await Promise.all([
    FakeStripe.start(),
    FakeUpstream.start(['m']),
    FakeRealtime.start(),
  ]);
  market = await MarketUnderTest.start({
    serviceEnv: {
      accounts: {
        ACCOUNTS_SIGN_UP: 'open',
        ACCOUNTS_PAYMENTS: 'stripe',
        ACCOUNTS_STRIPE_URL: stripe.url,
        ACCOUNTS_STRIPE_SECRET_KEY: stripe.secretKey,
        ACCOUNTS_STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
        ACCOUNTS_PAYMENT_RETURN_URL: stripe.url,
      },
    },
  });
  made = {};
  buyer = await market.buyer('alice');
  shop = await market.shop('sam', 'sams', ['demo-small']);
  await market.worker(shop, 'only');
  const films = await market.operator.createHttpProvider('films', upstream.url, ['m']);
  await market.operator.putListing(films, 'm', { prompt: 1n, completion: 1n });
  painter = await paintingWorker();
  const talks = await market.operator.createHttpProvider('talks', talker.url, ['m'], ['realtime']);
  await market.operator.putListing(talks, 'm', { prompt: 1n, completion: 1n });
  await market.untilBuyable(buyer, 'sams/demo-small', 'films/m', 'talks/m', 'arts/art');
  made.paidTopUp = await paidTopUp();
}, 60_000);

afterAll(async () => {
  painter?.stop();
  const wrongs = await market?.stop();
  await Promise.all([stripe?.stop(), upstream?.stop(), talker?.stop()]);
  expect(wrongs).toEqual([]);
}, 60_000);

describe('the routes of the OpenAPI document', () => {
  it('are all called here', () => {
    expect(Object.keys(calls).sort()).toEqual(
      restRoutes.map(({ operationId }) => operationId).sort(),
    );
  });

  it.each(Object.entries(calls))('%s answers as it is described', async (name, call) => {
    const route = restRoutes.find(({ operationId }) => operationId === name);
    if (!route) throw new Error(`${name} is not described`);
    const { status, schema } = route.answer;
    if (status === 101) {
      return opens(route, await call());
    }
    const response = await send(route, await call());
    const text = await response.text();
    const refused = refusedHere[name];
    if (refused !== undefined) {
      expect(response.status).toBe(refused);
      expect(route.error.safeParse(JSON.parse(text))).toMatchObject({ success: true });
      return;
    }
    expect({ status: response.status, text }).toEqual({ status, text: expect.anything() });
    if (!schema && route.answer.isCsvToo) {
      expect(response.headers.get('content-type')).toMatch(/^text\/csv/);
      return;
    }
    if (!schema && route.answer.isFile) {
      expect(text.length).toBeGreaterThan(0);
      return;
    }
    if (!schema) {
      expect(text).toBe('');
      return;
    }
    const answer: unknown = JSON.parse(text);
    expect(schema.safeParse(answer)).toMatchObject({ success: true });
    Object.assign(made, takings[name]?.(answer as Created, response.headers));
  });

  // What is open to everybody refuses nobody for who they are.
  const closed = restRoutes.filter(({ credential, request }) => credential !== 'nobody' || request);
  it.each(closed.map((route) => [route.operationId, route] as const))(
    '%s refuses a stranger as it is described',
    async (_name, route) => {
      const body = route.request && !route.isForm && {};
      const form = route.isForm && {};
      const response = await send(route, {
        token: '',
        ...(body && { body }),
        ...(form && { form }),
      });
      expect([400, 401, 403, 404]).toContain(response.status);
      expect(route.error.safeParse(await response.json())).toMatchObject({ success: true });
      expect(response.headers.get('x-should-retry')).toBe('false');
    },
  );
});
