import { randomBytes, randomUUID } from 'node:crypto';
import type {
  Authorise,
  Checkpoint,
  Lease,
  LeaseTicket,
  OpenLease,
  Settle,
} from '@aisbf/contracts';
import { parseNanos } from '@aisbf/money';
import { SystemClock } from '@aisbf/platform';
import { seal } from '@aisbf/secrets';
import { createDatabase, type TestDatabase } from '@aisbf/testkit';
import { Pool } from 'pg';
import type { Finding } from '../src/domain/reconciliation.js';
import type { BatchLimits } from '../src/outbound/pg-batch.js';
import { PgCheckpointStore } from '../src/outbound/pg-checkpoint-store.js';
import { LeaseSettings, PgLeaseStore } from '../src/outbound/pg-lease-store.js';
import { PgLedgerReader } from '../src/outbound/pg-ledger-reader.js';
import { LedgerBatches, PgLedgerStore } from '../src/outbound/pg-ledger-store.js';
import { Authorisation } from '../src/services/authorisation.js';
import { Checkpoints } from '../src/services/checkpoints.js';
import { HeldRequests, TicketSecret } from '../src/services/held-requests.js';
import { LeaseRecall } from '../src/services/lease-store.js';
import { LedgerEvents } from '../src/services/ledger-events.js';
import { Settlement } from '../src/services/settlement.js';
import { Withdrawal } from '../src/services/withdrawal.js';

export class SilentEvents extends LedgerEvents {
  settled(): void {}
  withdrawn(): void {}
  reaped(): void {}
  checked(): void {}
  paymentTold(): void {}
  paymentsLeft(): void {}
  failed(what: string, error: unknown): void {
    throw new Error(`${what} failed`, { cause: error });
  }
}

/** Remembers whose leases were called back, and lets a test answer for the router. */
class NotedRecall extends LeaseRecall {
  readonly recalled: string[] = [];
  onRecall: (ownerId: string) => void = () => {};

  readonly withdrawals: string[] = [];

  withdrawn(requestId: string): void {
    this.withdrawals.push(requestId);
  }

  recall(ownerId: string): void {
    this.recalled.push(ownerId);
    this.onRecall(ownerId);
  }
}

export const ticketSecret = 'the-secret-of-tickets';

export type Owner = Readonly<{ ownerId: string; apiTokenId: string }>;

export type LedgerOptions = Readonly<{
  connections?: number;
  leaseKeep?: number;
  batchLimits?: Partial<BatchLimits>;
  statementMsMax?: number;
  /** Where it is not one of the test run's own. */
  database?: TestDatabase;
}>;

/** A ledger in a database of its own, as the service uses it and as its administrator sees it. */
export async function openLedger(options: LedgerOptions = {}) {
  const { connections = 10, leaseKeep = 2, batchLimits = {}, statementMsMax = 60_000 } = options;
  const database = options.database ?? (await createDatabase());
  const pool = new Pool({
    connectionString: database.urls.accounts,
    max: connections,
    statement_timeout: statementMsMax,
  });
  const admin = new Pool({ connectionString: adminUrlOf(database.adminUrl), max: 4 });
  // The database is dropped under the last idle connections; nobody waits for them any more.
  for (const each of [pool, admin]) each.on('error', () => undefined);
  const batches = new LedgerBatches({ lanesMax: 4, itemsMax: 100, ...batchLimits });
  const store = new PgLedgerStore(pool, batches);
  const leases = new PgLeaseStore(pool, new LeaseSettings(leaseKeep));
  const recall = new NotedRecall();
  const held = new HeldRequests(store, new TicketSecret(ticketSecret));
  const reader = new PgLedgerReader(pool);
  const owner = (username = `user-${randomUUID().slice(0, 8)}`) => makeOwner(admin, username);
  return {
    database,
    admin,
    pool,
    store,
    reader,
    leases,
    recall,
    authorisation: new Authorisation(store, held, recall, new SystemClock()),
    checkpoints: new Checkpoints(new PgCheckpointStore(pool), held),
    settlement: new Settlement(store, new SilentEvents(), held),
    withdrawal: new Withdrawal(store, recall, new SilentEvents()),
    owner,
    richOwner: async (amount: bigint): Promise<Owner> => {
      const made = await owner();
      const grantId = randomUUID();
      await store.grant(
        {
          grantId,
          ownerId: made.ownerId,
          amount: parseNanos(String(amount)),
          reason: 'test',
        },
        [],
      );
      return made;
    },
    promote: (to: Owner, amount: bigint) => promote(admin, to, amount),
    setBudget: (of: Owner, budget: BudgetLimit) => setBudget(pool, of, budget),
    violations: () => violationsOf(admin),
    close: async () => {
      await Promise.all([pool.end(), admin.end()]);
      await database.drop();
    },
  };
}

/** What the oracle says of all there is. */
export async function violationsOf(database: Pool): Promise<readonly Finding[]> {
  return (await database.query<Finding>('SELECT * FROM ledger_violations')).rows;
}

function adminUrlOf(adminUrl: string): string {
  const url = new URL(adminUrl);
  url.searchParams.set('options', '-csearch_path=accounts');
  return url.href;
}

async function makeOwner(admin: Pool, username: string): Promise<Owner> {
  const { rows } = await admin.query<{ ownerId: string; apiTokenId: string }>(
    `WITH o AS (SELECT open_owner('user', $1) AS id),
       u AS (INSERT INTO app_user (owner_id, username, role) SELECT id, $1, 'member' FROM o RETURNING id, owner_id)
     INSERT INTO api_token (public_id, user_id, owner_id, name, secret_hash, scopes,
       requests_per_minute_max, tokens_per_minute_max, concurrency_max)
     SELECT $1, id, owner_id, 'test', '', '{inference}', 1000000, 1000000, 1000000 FROM u
     RETURNING owner_id AS "ownerId", id AS "apiTokenId"`,
    [username],
  );
  const row = rows[0];
  if (!row) throw new Error('no owner was made');
  return row;
}

/** Gives promotional money, as a campaign would. */
async function promote(admin: Pool, { ownerId }: Owner, amount: bigint): Promise<void> {
  await admin.query(
    `SELECT * FROM post_transaction('promo', NULL, NULL, 'test', NULL, jsonb_build_array(jsonb_build_object(
       'debit', global_account('promo_expense'), 'credit', account_of('buyer_promo', $1),
       'amount', $2::bigint, 'code', 'promo')))`,
    [ownerId, String(amount)],
  );
}

export type BudgetLimit = Readonly<{
  period: 'day' | 'week' | 'month' | 'lifetime';
  isRolling?: boolean;
  amount: bigint;
}>;

async function setBudget(pool: Pool, owner: Owner, limit: BudgetLimit): Promise<string> {
  const { rows } = await pool.query<{ id: string }>('SELECT set_budget($1, $2, $3, $4) AS id', [
    owner.apiTokenId,
    limit.period,
    limit.isRolling ?? false,
    String(limit.amount),
  ]);
  return rows[0]?.id ?? '';
}

type Ledger = Awaited<ReturnType<typeof openLedger>>;

/** Opens a lease, and says what came of it. */
export async function leaseFor(
  { leases }: Pick<Ledger, 'leases'>,
  { ownerId, apiTokenId }: Owner,
  wanted: string,
  change: Partial<OpenLease> = {},
): Promise<Lease & { leaseId: string }> {
  const leaseId = `lease_${randomBytes(16).toString('hex')}`;
  const request = {
    type: 'open-lease',
    ...{ leaseId, holder: 'router-1', ownerId, apiTokenId, wanted },
    ...{ slots: 1_000, concurrencyMax: 1_000_000, expiresAtMs: Date.now() + 60_000 },
    ...change,
  } as const;
  return { leaseId: request.leaseId, ...(await leases.open(request)) };
}

/** The ticket that a router would give for this request instead of asking for a hold. */
export function ticketOf(
  request: Authorise,
  leaseId: string,
  change: Partial<LeaseTicket> = {},
): string {
  const { requestId, ownerId, apiTokenId, amount, route, isStream, terms, rejections } = request;
  const fields = { requestId, ownerId, apiTokenId, amount, route, isStream, terms, rejections };
  const ticket: LeaseTicket = { leaseId, createdAtMs: Date.now(), ...fields, ...change };
  return seal(JSON.stringify(ticket), ticketSecret);
}

export function newRequestId(): string {
  return `req_${randomBytes(16).toString('hex')}`;
}

/** A hold of `amount` for one candidate of `seller`, at a nano-dollar a token. */
export function authoriseBy(
  buyer: Owner,
  seller: Owner,
  change: Partial<Authorise> = {},
): Authorise {
  return {
    type: 'authorise',
    requestId: newRequestId(),
    apiTokenId: buyer.apiTokenId,
    ownerId: buyer.ownerId,
    amount: '1000',
    expiresAtMs: Date.now() + 60_000,
    concurrencyMax: 1_000_000,
    route: 'rotation/test',
    isStream: false,
    terms: [
      {
        providerId: randomUUID(),
        providerLabel: 'seller/gpu',
        sellerOwnerId: seller.ownerId,
        model: 'demo-small',
        prices: { prompt_token: '1000000', completion_token: '1000000' },
        feeBps: 500,
      },
    ],
    rejections: [],
    ...change,
  };
}

/** The report of a request that ended well after `promptTokens` + `completionTokens`. */
export function settleOf(hold: Authorise, change: Partial<Settle> = {}): Settle {
  const nowMs = Date.now();
  return {
    type: 'settle',
    requestId: hold.requestId,
    holdEpoch: 1,
    outcome: 'completed',
    servedPosition: 0,
    ticket: null,
    units: { prompt_token: 100, completion_token: 200 },
    reported: null,
    finishReason: 'stop',
    attempts: [
      {
        position: 0,
        sessionId: 'session-1',
        sessionEpoch: 1,
        startedAtMs: nowMs - 20,
        firstByteAtMs: nowMs - 10,
        endedAtMs: nowMs,
        result: 'served',
        reason: null,
        httpStatus: 200,
      },
    ],
    startedAtMs: nowMs - 30,
    firstByteAtMs: nowMs - 10,
    endedAtMs: nowMs,
    ...change,
  };
}

/** What was delivered of a request so far: so many tokens finished, of so many. */
export function checkpointOf(
  { requestId }: Pick<Authorise, 'requestId'>,
  ordinal: number,
  [finished, delivered]: readonly [number, number],
  ticket: string | null = null,
): Checkpoint {
  const units = (tokens: number) => (tokens === 0 ? {} : { completion_token: tokens });
  const progress = { ordinal, finished: units(finished), delivered: units(delivered) };
  return { requestId, holdEpoch: 1, ticket, servedPosition: 0, progress };
}

export function shuffled<Item>(items: readonly Item[]): readonly Item[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

/** A buyer with a little of everything: own money and promotional, a lease, a budget, a request that runs and two that do not. */
export async function busyBuyer(ledger: Awaited<ReturnType<typeof openLedger>>): Promise<Owner> {
  const buyer = await ledger.richOwner(1_000_000n);
  const seller = await ledger.owner();
  await ledger.promote(buyer, 150n);
  const lease = await leaseFor(ledger, buyer, '10000');
  const leased = authoriseBy(buyer, seller);
  await ledger.settlement.settle(settleOf(leased, { ticket: ticketOf(leased, lease.leaseId) }));
  await ledger.setBudget(buyer, { period: 'month', amount: 900_000n });
  const [settled, open] = [authoriseBy(buyer, seller), authoriseBy(buyer, seller)];
  for (const hold of [settled, open]) await ledger.store.authorise(hold, false);
  await ledger.settlement.settle(settleOf(settled));
  return buyer;
}
