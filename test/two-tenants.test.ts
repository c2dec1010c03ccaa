import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { PayoutBatch, restRoutes } from '@aisbf/contracts';
import { FakeStripe, FakeUpstream, MarketUnderTest } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type FormFields,
  foreignFiles,
  formOf,
  type OwnFiles,
  ownFileCall,
  ownFiles,
} from './file-calls.js';
import { buy, moveIn, payOut, purchase, type Tenant } from './tenant.js';

type Attempt = Readonly<{
  path?: Readonly<Record<string, string>>;
  query?: Readonly<Record<string, string>>;
  body?: unknown;
  form?: FormFields;
  headers?: Readonly<Record<string, string>>;
  /** Which answers are right; otherwise that it is forbidden, or not there. */
  statuses?: readonly number[];
}>;
type Attempts = Readonly<Record<string, () => readonly Attempt[]>>;

let market: MarketUnderTest;
let stripe: FakeStripe;
let upstream: FakeUpstream;
/** Whose matters they are, and who would like to know. */
let ann: Tenant;
let bob: Tenant;
let requestId: string;
let bobsRequestId: string;
let saleId: string;
let annsFiles: OwnFiles;
let bobsFiles: OwnFiles;
let payoutId: string;
let sessionToken: string;
const batchId = randomUUID();
const idempotencyKey = 'a key that both of them use';
const responseIds = { ann: '', bob: '' };
const filmIds = { ann: '', bob: '' };
const ofFilm = () => ({ path: { id: filmIds.ann } });
const ofResponse = () => ({ path: { id: responseIds.ann } });
const reason = 'a test';
const today = new Date().toISOString().slice(0, 10);
const span = { from: today, to: today };
const nothing = [200] as const;

/** What is asked with ids and names of somebody else's. */
const foreign: Attempts = {
  getModel: () => [
    { path: { model: `rotation/${ann.names.rotation}` } },
    { path: { model: `${ann.names.hiddenProvider}/m` } },
    { path: { model: `import/${ann.names.import}` } },
  ],
  createChatCompletion: () => [
    { body: { ...purchase, model: `rotation/${ann.names.rotation}` } },
    { body: { ...purchase, model: `ann/rotation/${ann.names.rotation}` } },
    { body: { ...purchase, model: `ann/provider/${ann.names.hiddenProvider}/m` } },
    ...imports().map((model) => ({ body: { ...purchase, model } })),
    {
      ...{ headers: { 'idempotency-key': idempotencyKey }, statuses: nothing },
      body: { ...purchase, model: 'hosted/plain' },
    },
  ],
  explainRoute: () => [
    { body: { ...purchase, model: `rotation/${ann.names.rotation}` } },
    { body: { ...purchase, model: `ann/rotation/${ann.names.rotation}` } },
    { body: { ...purchase, model: `ann/provider/${ann.names.hiddenProvider}/m` } },
    ...imports().map((model) => ({ body: { ...purchase, model } })),
  ],
  ...foreignFiles(() => annsFiles),
  createResponse: () => [
    { body: { input: 'x', model: `rotation/${ann.names.rotation}` } },
    { body: { input: 'x', model: 'hosted/plain', previous_response_id: responseIds.ann } },
  ],
  createVideo: () => [
    { body: { prompt: 'x', model: `rotation/${ann.names.rotation}` } },
    { body: { prompt: 'x', model: `ann/provider/${ann.names.hiddenProvider}/m` } },
  ],
  openRealtimeSession: () => [
    { query: { model: `rotation/${ann.names.rotation}` } },
    { query: { model: `ann/provider/${ann.names.hiddenProvider}/m` } },
  ],
  listVideos: () => [{ query: { after: filmIds.ann }, statuses: nothing }],
  getVideo: () => [ofFilm()],
  getVideoContent: () => [ofFilm()],
  remixVideo: () => [{ ...ofFilm(), body: { prompt: 'x' } }],
  deleteVideo: () => [ofFilm()],
  // Whoever has the address may have the file: it cannot be guessed, nor be made out of another.
  getMedia: () => [{ path: { id: 'guessed' } }, { path: { id: filmIds.ann } }],
  getResponse: () => [ofResponse()],
  listResponseInputItems: () => [ofResponse()],
  cancelResponse: () => [ofResponse()],
  deleteResponse: () => [ofResponse()],
  createMessage: () => [{ body: { ...purchase, model: `rotation/${ann.names.rotation}` } }],
  countMessageTokens: () => [{ body: { ...purchase, model: `rotation/${ann.names.rotation}` } }],
  getGeneration: () => [{ query: { id: requestId } }, { query: { id: saleId } }],
  updateUser: () => [{ path: { username: 'ann' }, body: { isDisabled: true } }],
  createApiToken: () => [{ body: { name: 'mine', username: 'ann' } }],
  listApiTokens: () => [{ query: { username: 'ann' } }],
  getApiToken: () => [ofToken()],
  revokeApiToken: () => [ofToken()],
  updateApiToken: () => [{ ...ofToken(), body: { name: 'mine', budgets: [] } }],
  rotateApiToken: () => [{ ...ofToken(), body: {} }],
  getReceipt: () => [{ path: { id: requestId } }, { path: { id: saleId } }],
  listReceipts: () => [
    { query: { token: ann.ids.spareToken }, statuses: nothing },
    { query: { cursor: `${Date.now() * 1_000}.${requestId}` }, statuses: nothing },
  ],
  getUsage: () => [{ query: { ...span, token: ann.ids.spareToken }, statuses: nothing }],
  listSales: () => [{ query: { cursor: `${Date.now() * 1_000}.${saleId}` }, statuses: nothing }],
  getPayout: () => [{ path: { id: payoutId } }],
  listPayouts: () => [
    { query: { username: 'ann' } },
    { query: { before: payoutId }, statuses: [200, 404] },
  ],
  putPayoutAccount: () => [
    { path: { username: 'ann' }, body: { provider: 'csv', destination: 'mine' } },
  ],
  getPayoutBatch: () => [{ path: { id: batchId } }],
  // Whoever has the link of the mail is whoever the mail went to.
  followPasswordReset: () => [
    { path: { token: 'guessed' }, query: { callbackURL: '/' }, statuses: [302] },
  ],
  deletePasskey: () => [{ body: { id: ann.ids.passkey } }],
  getTopUp: () => [{ path: { id: ann.ids.topUp } }],
  createTopUp: () => [{ body: { topUpId: ann.ids.topUp, amount: '5000000000' }, statuses: [409] }],
  listTopUps: () => [{ query: { username: 'ann' } }],
  refundTopUp: () => [
    { path: { id: ann.ids.topUp }, body: { refundId: randomUUID(), amount: '10000000', reason } },
  ],
  refundRequest: () => [{ path: { id: requestId }, body: { refundId: randomUUID(), reason } }],
  takePaymentEvent: () => [
    { path: { provider: 'stripe' }, body: { id: 'evt_1', type: 'x' }, statuses: [401] },
  ],
  createProvider: () => [{ body: { kind: 'coderai', name: 'mine', username: 'ann' } }],
  listProviders: () => [{ query: { username: 'ann' } }],
  getProvider: () => ofProviders(),
  updateProvider: () => ofProviders({ body: { isEnabled: false } }),
  replaceRegistrationToken: () => ofProviders({ body: {} }),
  createRegistration: () => ofProviders({ body: {} }),
  listRegistrations: () => ofProviders(),
  revokeRegistration: () => [
    { path: { id: ann.ids.hiddenProvider, registrationId: ann.ids.registration } },
    // By way of one's own.
    { path: { id: bob.ids.hiddenProvider, registrationId: ann.ids.registration } },
  ],
  deleteProvider: () => ofProviders(),
  putListing: () => [
    { body: { providerId: ann.ids.provider, model: 'demo-small', prices: { request: '1' } } },
    { body: { providerId: ann.ids.hiddenProvider, model: 'm', prices: {} } },
  ],
  listListings: () => [{ query: { username: 'ann' } }],
  deleteListing: () => [{ path: { id: ann.ids.listing } }],
  getListing: () => [{ path: { id: ann.ids.listing } }],
  listPriceChanges: () => [{ path: { id: ann.ids.listing } }],
  withdrawPriceChange: () => [{ path: { id: ann.ids.listing, changeId: randomUUID() } }],
  putListingFee: () => [{ path: { id: ann.ids.listing }, body: { feeBps: 0 } }],
  listListingFeeChanges: () => [{ path: { id: ann.ids.listing } }],
  withdrawListingFeeChange: () => [{ path: { id: ann.ids.listing, changeId: randomUUID() } }],
  getSellerFee: () => [{ path: { username: 'ann' } }],
  putSellerFee: () => [{ path: { username: 'ann' }, body: { feeBps: 0 } }],
  listSellerFeeChanges: () => [{ path: { username: 'ann' } }],
  withdrawSellerFeeChange: () => [{ path: { username: 'ann', changeId: randomUUID() } }],
  getProviderPace: () => ofProviders(),
  getProviderHealth: () => ofProviders(),
  putAutoselect: () => [
    {
      path: { name: 'mine' },
      body: { otherwise: [{ from: [{ providerId: ann.ids.hiddenProvider, model: 'm' }] }] },
    },
    { path: { name: 'mine' }, body: { username: 'ann', otherwise: [{ from: 'everything' }] } },
    {
      path: { name: 'mine' },
      body: { otherwise: [{ from: [{ importId: ann.ids.import }] }] },
    },
  ],
  listAutoselects: () => [{ query: { username: 'ann' } }],
  getAutoselect: () => [{ path: { name: 'cheap' }, query: { username: 'ann' } }],
  deleteAutoselect: () => [{ path: { name: 'cheap' }, query: { username: 'ann' } }],
  putImport: () => [
    { path: { name: 'mine' }, body: { listing: `ann/${ann.names.hiddenProvider}/m` } },
    { path: { name: 'mine' }, body: { listing: 'global/hosted/plain', username: 'ann' } },
  ],
  listImports: () => [{ query: { username: 'ann' } }],
  getImport: () => ofImport(),
  deleteImport: () => ofImport(),
  getRepair: () => [{ path: { id: randomUUID() } }],
  approveRepair: () => [{ path: { id: randomUUID() } }],
  refuseRepair: () => [{ path: { id: randomUUID() }, body: { reason } }],
  putRotation: () => [
    {
      path: { name: ann.names.rotation },
      body: { username: 'ann', members: [{ providerId: bob.ids.provider, model: 'demo-small' }] },
    },
    {
      path: { name: 'mine' },
      body: { members: [{ providerId: ann.ids.hiddenProvider, model: 'm' }] },
    },
    { path: { name: 'mine' }, body: { members: [{ importId: ann.ids.import }] } },
  ],
  listRotations: () => [{ query: { username: 'ann' } }],
  deleteRotation: () => [
    { path: { name: ann.names.rotation } },
    { path: { name: ann.names.rotation }, query: { username: 'ann' } },
  ],
  listUsageChecks: () => [{ query: { username: 'ann' } }],
  checkWorker: () => workersOf('ann'),
  connectWorker: () => workersOf('ann'),
  checkOperatorWorker: () => workersOf('global'),
  connectOperatorWorker: () => workersOf('global'),
  getWorkerStatus: () =>
    [ann.ids.provider, ann.ids.hiddenProvider, ann.shop.provider].map((id) => ({
      path: { provider_id: id },
    })),
};

/** What a member asks and only an operator may. */
const operators: Attempts = {
  createUser: () => [{ body: { username: 'somebody' } }],
  listUsers: () => [{}],
  updateUser: () => [{ path: { username: 'bob' }, body: { role: 'operator' } }],
  grantCredit: () => [{ body: { username: 'bob', amount: '1000', grantId: randomUUID(), reason } }],
  putPayoutAccount: () => [
    { path: { username: 'bob' }, body: { provider: 'csv', destination: 'mine' } },
  ],
  runPayouts: () => [{ body: {} }, { body: { isDryRun: true } }],
  createPayoutBatch: () => [{ body: { batchId: randomUUID() } }],
  getPayoutBatch: () => [{ path: { id: batchId } }],
  recordPayoutOutcomes: () => [{ body: { outcomes: [{ payoutId, outcome: 'failed' }] } }],
  refundTopUp: () => [
    { path: { id: bob.ids.topUp }, body: { refundId: randomUUID(), amount: '10000000', reason } },
  ],
  refundRequest: () => [{ path: { id: requestId }, body: { refundId: randomUUID(), reason } }],
  listDisputes: () => [{}],
  writeOffDebt: () => [{ body: { writeOffId: randomUUID(), username: 'bob', reason } }],
  putListingFee: () => [{ path: { id: bob.ids.listing }, body: { feeBps: 0 } }],
  withdrawListingFeeChange: () => [{ path: { id: bob.ids.listing, changeId: randomUUID() } }],
  putSellerFee: () => [{ path: { username: 'bob' }, body: { feeBps: 0 } }],
  withdrawSellerFeeChange: () => [{ path: { username: 'bob', changeId: randomUUID() } }],
  proposeRepair: () => [
    {
      body: {
        ...{ repairId: randomUUID(), debit: { kind: 'service_credit' }, amount: '10000000' },
        ...{ credit: { kind: 'buyer_wallet', username: 'bob' } },
        ...{ reason, violation: 'fee', subject: requestId },
      },
    },
  ],
  listRepairs: () => [{}],
  getRepair: () => [{ path: { id: randomUUID() } }],
  approveRepair: () => [{ path: { id: randomUUID() } }],
  refuseRepair: () => [{ path: { id: randomUUID() }, body: { reason } }],
  listReconciliations: () => [{}],
  listAuditBlocks: () => [{}],
  liftUsageCheck: () => [{ body: { providerId: bob.ids.provider, model: 'demo-small' } }],
};

/** Lists and answers about oneself: they hold one's own and nothing else. */
const own: Attempts = Object.fromEntries(
  [
    ...['listModels', 'getPrincipal', 'listApiTokens', 'listAudit', 'getBalance', 'listReceipts'],
    ...['listSales', 'getEarningsBalance', 'listPayouts', 'getPayoutAccount', 'listTopUps'],
    ...['listPromoGrants', 'listProviders', 'listListings', 'listRotations', 'listUsageChecks'],
    ...['listAutoselects', 'listImports', 'listMarket'],
    ...['listCallableProviders', 'listCallableRotations'],
    ...['listCallableAutoselects', 'listOllamaTags', 'getOllamaVersion'],
    'getCatalogueRevision',
    ...['listWorkerSessions', 'listPasskeys', 'getSession', 'beginPasskey', 'getAccessKeys'],
    ...['getAccessToken', 'listFiles', 'listBatches'],
  ].map((operationId) => [operationId, () => [{ statuses: nothing }]] as const),
);
const ownToo: Attempts = {
  ...own,
  getUsage: () => [{ query: { ...span, by: 'day,token,model,route,provider' }, statuses: nothing }],
  getEarnings: () => [{ query: { ...span, by: 'day,model,provider' }, statuses: nothing }],
  getStatement: () => [{ query: { month: today.slice(0, 7) }, statuses: nothing }],
  getAutoTopUp: () => [{ statuses: [404] }],
  beginPasskeySignIn: () => [{ statuses: nothing }],
};

/** They take nobody's id and show nothing: what they want is a secret, or one's own body. */
const aboutNobody: ReadonlySet<string> = new Set([
  ...['signUp', 'signIn', 'enterTotp', 'enterBackupCode', 'verifyEmail', 'sendVerification'],
  ...['requestPasswordReset', 'resetPassword', 'enableTwoFactor', 'replaceBackupCodes'],
  ...['disableTwoFactor', 'addPasskey', 'signInWithPasskey', 'changePassword', 'endOtherSessions'],
  ...['signOut', 'putAutoTopUp', 'startPayoutOnboarding'],
]);

/** Every form in which an import of ann's could be called. */
const imports = (): readonly string[] => {
  const { import: name } = ann.names;
  return [name, `import/${name}`, `imports/${name}`, `user-import/${name}`, `ann/import/${name}`];
};
const ofImport = (): readonly Attempt[] => [
  { path: { name: ann.names.import } },
  { path: { name: ann.names.import }, query: { username: 'ann' } },
];
const ofToken = (): Attempt => ({ path: { id: ann.ids.spareToken } });
const ofProviders = (more: Attempt = {}): readonly Attempt[] =>
  [ann.ids.provider, ann.ids.hiddenProvider].map((id) => ({ path: { id }, ...more }));

/** A worker of bob's, with his own secret, at somebody else's door. */
function workersOf(username: string): readonly Attempt[] {
  return [ann.shop.provider, ann.names.hiddenProvider, bob.shop.provider].map((provider) => ({
    path: { username },
    query: {
      ...{ username, provider_id: provider, client_id: 'mine' },
      registration_token: bob.shop.registrationToken,
    },
    statuses: [401, 403, 404],
  }));
}

type Route = (typeof restRoutes)[number];
type Answer = Readonly<{ status: number; text: string }>;

function addressOf(route: Route, { path = {}, query = {} }: Attempt, prefix = ''): URL {
  const filled = route.path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => path[name] ?? '');
  const url = new URL(`${prefix}${filled}`, market.url);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

/** All that comes back: the body, and what stands in the headers. */
async function send(route: Route, attempt: Attempt, secret: string, prefix = ''): Promise<Answer> {
  const { body } = attempt;
  const address = addressOf(route, attempt, prefix);
  const isOfWorkers = route.credential === 'registration-token';
  if (route.answer.status === 101) return connect(address, isOfWorkers ? undefined : secret);
  const isAuth = route.path.startsWith('/api/account/auth');
  if (isAuth) {
    const place = `${address.pathname}${address.search}`.replace('/api/account/auth', '');
    return told(await bob.page.call(route.method.toUpperCase(), place, body));
  }
  const response = await fetch(address, {
    method: route.method.toUpperCase(),
    headers: {
      ...(!isOfWorkers && { authorization: `Bearer ${secret}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...attempt.headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(attempt.form && { body: formOf(attempt.form) }),
  });
  return told(response);
}

async function told(response: Response): Promise<Answer> {
  const headers = JSON.stringify([...response.headers]);
  return { status: response.status, text: `${headers}\n${await response.text()}` };
}

function connect(address: URL, apiToken?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = httpRequest(address, {
      headers: {
        ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
        'sec-websocket-key': Buffer.from(randomUUID().slice(0, 16)).toString('base64'),
        ...(apiToken !== undefined && { authorization: `Bearer ${apiToken}` }),
      },
    });
    call.on('error', reject);
    call.on('upgrade', (_answer, socket) => {
      socket.destroy();
      resolve({ status: 101, text: '' });
    });
    call.on('response', (answer) => {
      const pieces: Buffer[] = [JSON.stringify(answer.rawHeaders)].map((text) => Buffer.from(text));
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(pieces).toString() }),
      );
    });
    call.end();
  });
}

/** Buys a response that is kept; gives its id. */
function respond(apiToken: string): Promise<string> {
  return idOf('responses', { input: 'Hello!' }, apiToken);
}

/** Buys a film that is there and paid for; gives its id. */
async function film(apiToken: string): Promise<string> {
  const id = await idOf('videos', { prompt: 'a cat' }, apiToken);
  const headers = { authorization: `Bearer ${apiToken}` };
  expect((await fetch(`${market.url}/v1/videos/${id}`, { headers })).status).toBe(200);
  return id;
}

async function idOf(path: string, body: object, apiToken: string): Promise<string> {
  const response = await fetch(`${market.url}/v1/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'hosted/plain', ...body }),
  });
  const { id } = (await response.json()) as { id: string };
  return id;
}

/** Which of ann's traces somebody has read; what they have sent themselves is not news to them. */
function readOf({ text }: Answer, attempt: Attempt): readonly string[] {
  const sent = JSON.stringify(attempt);
  return ann.traces.filter((trace) => text.includes(trace) && !sent.includes(trace));
}

const routesOf = (attempts: Attempts) =>
  restRoutes.flatMap((route) => {
    const asked = attempts[route.operationId];
    return asked ? [[route.operationId, route, asked] as const] : [];
  });

/** What ann has, as she sees it herself; without what her own calls and workers change. */
async function seenByAnn(): Promise<readonly Answer[]> {
  const paths = [
    ...['account/api-tokens', 'account/balance', 'account/top-ups', 'account/payouts'],
    ...['account/receipts', 'account/payout-account', 'catalog/providers', 'catalog/listings'],
    ...[
      'catalog/rotations',
      'catalog/imports',
      `catalog/providers/${ann.ids.hiddenProvider}/registrations`,
    ],
  ];
  return Promise.all(
    paths.map(async (path) => {
      const headers = { authorization: `Bearer ${ann.apiToken}` };
      const response = await fetch(`${market.url}/api/${path}`, { headers });
      const text = await response.text();
      return {
        status: response.status,
        text: text.replaceAll(/"lastUsedAt":(?:"[^"]+"|null)/g, ''),
      };
    }),
  );
}

beforeAll(async () => {
  [stripe, upstream] = await Promise.all([FakeStripe.start(), FakeUpstream.start(['plain'])]);
  market = await MarketUnderTest.start({
    serviceEnv: {
      accounts: {
        ACCOUNTS_PAYMENTS: 'stripe',
        ACCOUNTS_STRIPE_URL: stripe.url,
        ACCOUNTS_STRIPE_SECRET_KEY: stripe.secretKey,
        ACCOUNTS_STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
        ACCOUNTS_PAYMENT_RETURN_URL: stripe.url,
        ACCOUNTS_PAYOUT_SWEEP_INTERVAL_MS: '200',
      },
    },
  });
  const hosted = await market.operator.createHttpProvider('hosted', upstream.url, ['plain']);
  await market.operator.putListing(hosted, 'plain', { prompt: 1_000_000n, completion: 1_000_000n });
  ann = await moveIn(market, stripe, 'ann');
  bob = await moveIn(market, stripe, 'bob');
  const carl = await market.buyer('carl');
  await market.untilBuyable(carl, 'anns/demo-small', 'bobs/demo-small', 'hosted/plain');
  saleId = (await buy(market, carl.apiToken, 'anns/demo-small')).requestId;
  await buy(market, carl.apiToken, 'bobs/demo-small');
  const key = { 'idempotency-key': idempotencyKey };
  requestId = (await buy(market, ann.apiToken, 'hosted/plain', key)).requestId;
  filmIds.ann = await film(ann.apiToken);
  filmIds.bob = await film(bob.apiToken);
  responseIds.ann = await respond(ann.apiToken);
  responseIds.bob = await respond(bob.apiToken);
  bobsRequestId = (await buy(market, bob.apiToken, 'hosted/plain')).requestId;
  await market.receipt(carl, saleId);
  await market.restingWallet(carl);
  annsFiles = await ownFiles(market.url, ann.apiToken, 'hosted/plain');
  bobsFiles = await ownFiles(market.url, bob.apiToken, 'hosted/plain');
  payoutId = await payOut(market, 'ann');
  await payOut(market, 'bob');
  await market.operator.call('POST', '/api/account/payout-batches', PayoutBatch, { batchId });
  ann.traces.push(requestId, saleId, payoutId, responseIds.ann, filmIds.ann);
  ann.traces.push(annsFiles.file, annsFiles.batch);
  expect(ann.traces).not.toContain('');
  sessionToken = await bob.page.accessToken();
}, 120_000);

afterAll(async () => {
  const wrongs = await market?.stop();
  await Promise.all([stripe?.stop(), upstream?.stop()]);
  expect(wrongs).toEqual([]);
}, 60_000);

describe('the crawl of the OpenAPI document', () => {
  it('asks every route, with what belongs to somebody else wherever one can be named', () => {
    const known = new Set([foreign, operators, ownToo].flatMap((each) => Object.keys(each)));
    const missed = restRoutes.filter(
      ({ operationId, pathParameters }) =>
        !known.has(operationId) && (pathParameters || !aboutNobody.has(operationId)),
    );
    expect(missed.map(({ operationId }) => operationId)).toEqual([]);
    const named = restRoutes.filter(({ pathParameters }) => pathParameters);
    const bare = named.filter(({ operationId }) => !(operationId in foreign));
    expect(bare.map(({ operationId }) => operationId)).toEqual([]);
    const forOperators = restRoutes.filter(({ summary }) => summary.endsWith('(operators)'));
    expect(Object.keys(operators).sort()).toEqual(
      forOperators.map(({ operationId }) => operationId).sort(),
    );
  });
});

describe.each([
  ['with an API token', () => bob.apiToken],
  ['with a session', () => sessionToken],
])('a tenant %s', (kind, secret) => {
  // A session buys nothing.
  const isAsked = ([, route]: readonly [string, Route, unknown]) =>
    kind === 'with an API token' || !['inference', 'any-api-token'].includes(route.credential);

  it.each(routesOf(foreign).filter(isAsked))(
    'gets nothing of another by %s',
    async (_name, route, attempts) => {
      const before = await seenByAnn();
      for (const attempt of attempts()) {
        const answer = await send(route, attempt, secret());
        const { statuses = [403, 404] } = attempt;
        expect([route.operationId, attempt, statuses, answer]).toEqual([
          ...[route.operationId, attempt, expect.arrayContaining([answer.status]), answer],
        ]);
        expect(readOf(answer, attempt)).toEqual([]);
        expect(answer.text).not.toContain('idempotent-replayed');
      }
      expect(await seenByAnn()).toEqual(before);
    },
  );

  it.each(routesOf(ownToo).filter(isAsked))(
    'sees only its own by %s',
    async (_name, route, attempts) => {
      for (const attempt of attempts()) {
        const answer = await send(route, attempt, secret());
        expect([attempt.statuses, answer]).toEqual([
          expect.arrayContaining([answer.status]),
          answer,
        ]);
        expect(readOf(answer, attempt)).toEqual([]);
      }
    },
  );

  it.each(routesOf(operators).filter(isAsked))(
    'is no operator to %s',
    async (_name, route, attempts) => {
      for (const attempt of attempts()) {
        const answer = await send(route, attempt, secret());
        expect(answer).toMatchObject({
          status: 403,
          text: expect.stringContaining('operator_only'),
        });
        expect(readOf(answer, attempt)).toEqual([]);
      }
    },
  );
});

describe("another's own address", () => {
  const buyers = restRoutes.filter(
    ({ path, credential }) => path.startsWith('/v1/') && credential !== 'nobody',
  );
  it.each(
    ['', '/hosted'].flatMap((place) =>
      buyers
        // What was kept is no provider's: it is asked for once, and gone when it has been deleted.
        .filter(({ path }) => place === '' || !path.includes('{id}'))
        .map((route) => [route.operationId, place, route] as const),
    ),
  )(
    'is closed to a tenant who asks it to %s at "%s", for what is its own too',
    async (_name, place, route) => {
      const isOfFilms = route.path.startsWith('/v1/videos');
      const attempt: Attempt = {
        path: { model: 'hosted/plain', id: isOfFilms ? filmIds.bob : responseIds.bob },
        ...(route.method === 'post' && {
          // An answer that is kept is behind the same door.
          headers: { 'idempotency-key': `a key of his own to ${route.operationId}${place}` },
          body: {
            ...purchase,
            model: 'hosted/plain',
            ...(isOfFilms ? { prompt: 'a cat' } : { input: 'Hello!' }),
          },
        }),
        // Nobody sells such sessions here; who may ask hears so.
        ...(route.operationId === 'openRealtimeSession' && {
          ...{ query: { model: 'hosted/plain' }, statuses: [501] },
        }),
        ...(route.operationId === 'getGeneration' && { query: { id: bobsRequestId } }),
        ...ownFileCall(route.operationId, bobsFiles),
      };
      const open = await send(route, attempt, bob.apiToken, `/api/u/bob${place}`);
      // None runs in the background.
      const statuses = attempt.statuses ?? [route.operationId === 'cancelResponse' ? 400 : 200];
      expect(statuses).toContain(open.status);
      for (const prefix of ['/api/u/ann', '/api/u/global', '/api/u/nobody']) {
        const answer = await send(route, attempt, bob.apiToken, `${prefix}${place}`);
        expect(answer).toMatchObject({
          status: 403,
          text: expect.stringContaining('user_foreign'),
        });
        expect(readOf(answer, attempt)).toEqual([]);
      }
    },
  );
});
