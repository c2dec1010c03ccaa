import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreatedApiToken, Receipt, type Scope, type TokenLimits, User } from '@aisbf/contracts';
import {
  asOperator,
  type Management,
  type Market,
  type MarketOptions,
  type Service,
  startMarket,
  startWorker,
  type ThrowAwayFolder,
  type TokenPrices,
  throwAwayFolder,
  type WorkerProcess,
} from '@aisbf/one-machine';
import { Pool } from 'pg';
import { startAnotherBroker } from './another-broker.js';
import { createDatabase } from './fresh-database.js';
import { natsUrl } from './nats-url.js';
import { redisUrl } from './redis-url.js';
import { until } from './until.js';

export type MarketUnderTestOptions = Readonly<{
  serviceEnv?: MarketOptions['serviceEnv'];
  /**
   * Servers that are this market's own and can be killed. Otherwise it uses those of the test run, which
   * only one market of a file can do at a time.
   */
  hasOwnServers?: boolean;
}>;

export type TestBuyer = Readonly<{ username: string; ownerId: string; apiToken: string }>;

/** A seller's provider that workers can come to. */
export type TestShop = Readonly<{
  username: string;
  provider: string;
  providerId: string;
  registrationToken: string;
}>;

export type Wallet = Readonly<{ posted: bigint; held: bigint }>;

/** A row of the ledger's own check. */
export type LedgerViolation = Readonly<{ violation: string; subject: string; detail: string }>;

/** A hundred dollars: more than any test spends unless it wants to. */
const creditDefault = 100_000_000_000n;
/** Uneven, so that every cost has to be rounded. */
const pricesDefault: TokenPrices = { prompt: 150_333_333n, completion: 600_777_777n };

/** A lease is given back as soon as nothing is under way, so that tests see wallets at rest. */
const leaseIdleMs = '250';

/** Presence and catalogue travel over the bus to the router. */
const buyableMsMax = 20_000;
/** The promise to buyers. */
const receiptMsMax = 2_000;

/** A whole market that lives as long as one file of tests, and a look behind its back. */
export class MarketUnderTest {
  private readonly workers: WorkerProcess[] = [];
  private readonly brokers: Service[] = [];

  private constructor(
    readonly market: Market,
    readonly operator: Management,
    private readonly database: Pool,
    private readonly folder: ThrowAwayFolder,
  ) {
    // Servers are killed under these connections.
    database.on('error', () => undefined);
  }

  static async start(options: MarketUnderTestOptions = {}): Promise<MarketUnderTest> {
    const servers = options.hasOwnServers ? {} : await serversOfTheRun();
    const folder = await throwAwayFolder();
    const serviceEnv = {
      ...options.serviceEnv,
      router: {
        ROUTER_LEASE_IDLE_MS: leaseIdleMs,
        // Upstreams and workers of tests count what they are asked.
        ROUTER_PROBES: 'false',
        ...options.serviceEnv?.router,
      },
    };
    const market = await startMarket({
      ...{ dataDir: folder.path, throwAway: true, serviceEnv },
      ...servers,
    });
    const operator = await asOperator(market.url, market.operatorTokenFile);
    const database = new Pool({
      connectionString: market.databaseUrl,
      options: '-c search_path=accounts',
      max: 2,
    });
    return new MarketUnderTest(market, operator, database, folder);
  }

  get url(): string {
    return this.market.url;
  }

  /** A user with money and a token to spend it. */
  async buyer(
    username: string,
    options: { credit?: bigint; scopes?: readonly Scope[]; limits?: Partial<TokenLimits> } = {},
  ): Promise<TestBuyer> {
    const { credit = creditDefault, scopes = ['inference', 'usage'], limits = {} } = options;
    const { ownerId } = await this.operator.call('POST', '/api/account/users', User, { username });
    if (credit > 0n) await this.operator.grant(username, credit, randomUUID());
    const request = { name: 'test', username, scopes, limits };
    const { apiToken } = await this.operator.call(
      'POST',
      '/api/account/api-tokens',
      CreatedApiToken,
      request,
    );
    return { username, ownerId, apiToken };
  }

  /** A seller with a provider, its models on sale. */
  async shop(
    username: string,
    provider: string,
    models: readonly string[],
    prices: TokenPrices = pricesDefault,
  ): Promise<TestShop> {
    await this.operator.ensureUser(username);
    const apiToken = await this.operator.createApiToken(username, ['manage', 'usage']);
    const seller = this.operator.as(apiToken);
    const { providerId, registrationToken } = await seller.ensureWorkerProvider(provider);
    for (const model of models) await seller.putListing(providerId, model, prices);
    return { username, provider, providerId, registrationToken };
  }

  /** A worker process that sells what `upstreamUrl` serves, or the demo engine. */
  async worker(
    shop: TestShop,
    clientId: string,
    options: { upstreamUrl?: string; env?: Readonly<Record<string, string>> } = {},
  ): Promise<WorkerProcess> {
    const worker = await startWorker({
      clientId,
      marketUrl: this.url,
      username: shop.username,
      provider: shop.provider,
      registrationToken: shop.registrationToken,
      dataDir: this.market.dataDir,
      ...options,
    });
    this.workers.push(worker);
    return worker;
  }

  /** One more instance of the broker, beside that of the market. */
  async anotherBroker(): Promise<Service> {
    const broker = await startAnotherBroker(this.market);
    this.brokers.push(broker);
    return broker;
  }

  /** Waits until all of these models are offered to a buyer. */
  untilBuyable(buyer: TestBuyer, ...models: readonly string[]): Promise<void> {
    return this.untilListed(buyer, models, true);
  }

  /** Until what was on sale is not any more: whoever asks next gets nobody who has left. */
  untilUnbuyable(buyer: TestBuyer, ...models: readonly string[]): Promise<void> {
    return this.untilListed(buyer, models, false);
  }

  /** The receipt of a request that has ended, as its buyer gets it, in the promised time. */
  receipt(buyer: TestBuyer, requestId: string, timeoutMs = receiptMsMax): Promise<Receipt> {
    const ended = async () => {
      const response = await this.get(`/v1/generation?id=${requestId}`, buyer);
      const text = await response.text();
      if (!response.ok) throw new Error(`${response.status} ${text}`);
      const receipt = Receipt.parse((JSON.parse(text) as { data: unknown }).data);
      return receipt.state !== 'open' && receipt;
    };
    return until(ended, { timeoutMs, message: `the receipt of ${requestId} is there` });
  }

  private async untilListed(
    buyer: TestBuyer,
    models: readonly string[],
    isWanted: boolean,
  ): Promise<void> {
    const isSo = async () => {
      const response = await this.get('/v1/models', buyer);
      const { data } = (await response.json()) as { data: readonly { id: string }[] };
      return models.every((model) => data.some(({ id }) => id === model) === isWanted);
    };
    await until(isSo, {
      timeoutMs: buyableMsMax,
      message: `${models.join(', ')} can${isWanted ? '' : 'not'} be bought`,
    });
  }

  /** The link of the last mail to this address, once there are so many. */
  mailedLink(address: string, count = 1): Promise<URL> {
    const folder = join(this.market.dataDir, 'mails');
    const found = async () => {
      const names = (await readdir(folder)).sort();
      const mails = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
      const theirs = mails.filter((mail) => mail.includes(`To: ${address}\n`));
      const [link] = /https?:\/\/\S+/.exec(theirs.at(-1) ?? '') ?? [];
      return theirs.length >= count && link !== undefined && new URL(link);
    };
    return until(found, { message: `a mail to ${address} is there` });
  }

  async wallet({ ownerId }: TestBuyer): Promise<Wallet> {
    const [row] = await this.query<{ posted: string; held: string }>(
      'SELECT posted, held FROM wallet WHERE owner_id = $1',
      [ownerId],
    );
    if (!row) throw new Error(`${ownerId} has no wallet`);
    return { posted: BigInt(row.posted), held: BigInt(row.held) };
  }

  /** The same when nothing is under way any more: a settlement follows its answer. */
  restingWallet(buyer: TestBuyer): Promise<Wallet> {
    const isResting = async () => {
      const wallet = await this.wallet(buyer);
      return wallet.held === 0n && wallet;
    };
    return until(isResting, { message: `nothing of ${buyer.username} is held` });
  }

  /** What the ledger has to say against itself: nothing. */
  async violations(): Promise<readonly LedgerViolation[]> {
    return this.query<LedgerViolation>('SELECT * FROM ledger_violations');
  }

  /** Asks the accounts' tables as their administrator. */
  async query<Row extends object>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.database.query<Row>(sql, [...values])).rows;
  }

  /** Keeps locked what this selects for update; gives what lets it go. */
  async lock(sql: string, values: readonly unknown[] = []): Promise<() => Promise<void>> {
    const client = await this.database.connect();
    await client.query('BEGIN');
    await client.query(sql, [...values]);
    return async () => {
      await client.query('ROLLBACK');
      client.release();
    };
  }

  /** What the services have said that somebody must mend: none of it comes of what tests may do to them. */
  async bugs(): Promise<readonly string[]> {
    const services = [...Object.values(this.market.services), ...this.brokers];
    const files = services.map(({ logFile }) => logFile);
    const logs = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    return logs.flatMap((log) => log.split('\n').filter((line) => line.includes('"msg":"a bug"')));
  }

  /** Ends it all. What it returns went wrong unseen: the ledger's violations, and bugs in the logs. */
  async stop(): Promise<readonly (LedgerViolation | string)[]> {
    try {
      return [...(await this.violations()), ...(await this.bugs())];
    } finally {
      await Promise.all([...this.workers, ...this.brokers].map((process) => process.stop()));
      await this.database.end();
      await this.market.stop();
      await this.folder.remove();
    }
  }

  private get(path: string, { apiToken }: TestBuyer): Promise<Response> {
    return fetch(`${this.url}${path}`, { headers: { authorization: `Bearer ${apiToken}` } });
  }
}

async function serversOfTheRun() {
  const [database, redis, nats] = await Promise.all([createDatabase(), redisUrl(), natsUrl()]);
  return { databaseUrl: database.adminUrl, redisUrl: redis, natsUrl: nats };
}
