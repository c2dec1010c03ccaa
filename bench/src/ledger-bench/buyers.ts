import { randomBytes, randomUUID } from 'node:crypto';
import type { Authorise, LeaseTicket, Settle } from '@aisbf/contracts';
import { seal } from '@aisbf/secrets';
import type { Pool } from 'pg';

export type BenchOwner = Readonly<{ ownerId: string; apiTokenId: string }>;

/** Far more than any load here can spend, and far below what a wallet can hold. */
const credit = 100_000_000_000_000_000n;

/** An owner with money and a token, made past the service: what is measured is not how it comes to be. */
export async function makeOwner(database: Pool): Promise<BenchOwner> {
  const { rows } = await database.query<BenchOwner>(
    `WITH o AS (SELECT open_owner('user', $1) AS id),
       u AS (INSERT INTO app_user (owner_id, username, role) SELECT id, $1, 'member' FROM o RETURNING id, owner_id)
     INSERT INTO api_token (public_id, user_id, owner_id, name, secret_hash, scopes,
       requests_per_minute_max, tokens_per_minute_max, concurrency_max)
     SELECT $1, id, owner_id, 'bench', '', '{inference}', 1000000, 1000000, 1000000 FROM u
     RETURNING owner_id AS "ownerId", id AS "apiTokenId"`,
    [`bench-${randomUUID()}`],
  );
  const [owner] = rows;
  if (!owner) throw new Error('No owner was made.');
  await database.query("SELECT grant_credit($1, $2, $3, 'bench')", [
    randomUUID(),
    owner.ownerId,
    String(credit),
  ]);
  return owner;
}

/** A request as a router admits it: three candidates, the first of which will serve. */
export function authoriseOf(buyer: BenchOwner, seller: BenchOwner): Authorise {
  const entry = (name: string) => ({
    providerId: seller.ownerId,
    providerLabel: `seller/${name}`,
    sellerOwnerId: seller.ownerId,
    model: 'bench-model',
    prices: { prompt_token: '500000000', completion_token: '1500000000' },
    feeBps: 500,
  });
  return {
    type: 'authorise',
    requestId: `req_${randomBytes(16).toString('hex')}`,
    apiTokenId: buyer.apiTokenId,
    ownerId: buyer.ownerId,
    amount: '1600000',
    expiresAtMs: Date.now() + 600_000,
    concurrencyMax: 1_000_000,
    route: 'rotation/bench',
    isStream: true,
    terms: [entry('one'), entry('two'), entry('three')],
    rejections: [],
  };
}

export function settleOf({ requestId }: Authorise, ticket: string | null): Settle {
  const nowMs = Date.now();
  return {
    ...{ type: 'settle', requestId, holdEpoch: 1, ticket, outcome: 'completed', servedPosition: 0 },
    units: { prompt_token: 120, completion_token: 300 },
    reported: { promptTokens: 120, completionTokens: 300 },
    finishReason: 'stop',
    attempts: [
      {
        ...{ position: 0, sessionId: 'session', sessionEpoch: 1, startedAtMs: nowMs - 900 },
        ...{ firstByteAtMs: nowMs - 700, endedAtMs: nowMs, result: 'served', reason: null },
        httpStatus: 200,
      },
    ],
    ...{ startedAtMs: nowMs - 900, firstByteAtMs: nowMs - 700, endedAtMs: nowMs },
  };
}

/** What a router seals in place of a hold. */
export function ticketOf(request: Authorise, leaseId: string, secret: string): string {
  const { requestId, ownerId, apiTokenId, amount, route, isStream, terms, rejections } = request;
  const ticket: LeaseTicket = {
    ...{ leaseId, requestId, ownerId, apiTokenId, amount, route, isStream, terms, rejections },
    createdAtMs: Date.now(),
  };
  return seal(JSON.stringify(ticket), secret);
}
