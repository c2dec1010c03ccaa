import { type Authorise, subjects, type Terms, type Withdrawn } from '@aisbf/contracts';
import { parseNanos } from '@aisbf/money';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { Note } from '../domain/audit.js';
import type { HeldTerms } from '../domain/charge.js';
import {
  type AuthoriseAnswer,
  type Decline,
  type Ending,
  type ExtendAnswer,
  type ExtendRequest,
  type Grant,
  LedgerStore,
  type SettleAnswer,
} from '../services/ledger-store.js';
import { auditedResultOf } from './audited.js';
import { type BatchLimits, PgBatch } from './pg-batch.js';
import { toCheckpointItem } from './pg-checkpoint-store.js';
import {
  type Asking,
  SharedTerms,
  toAuthoriseItem,
  toKeyedItem,
  toSettleItem,
} from './pg-ledger-item.js';
import { resultOf, rowOf, rowsOf } from './pg-rows.js';

type AuthoriseRow = {
  item_n: number;
  result: string;
  hold_epoch: number;
  hold_amount: string;
  is_replay: boolean;
};
type ExtendRow = { result: ExtendAnswer['result']; hold_amount: string };
type TermsRow = { owner_id: string; terms: Terms[] };
type SettleRow = { item_n: number; result: SettleAnswer['result']; charged: string };

/**
 * How many running requests' terms are remembered, so that their settlement need not ask for them: at most
 * about 40 MB. They never change, so what is remembered is right, and what is not is asked for.
 */
const rememberedTermsMax = 20_000;

/** The batches of the ledger. Also the DI token. */
export class LedgerBatches {
  constructor(
    readonly limits: BatchLimits,
    /** How long a buyer's idempotency key stands for its request. */
    readonly idempotencyTtlMs = 86_400_000,
  ) {}
}

/** The ledger's SQL functions: one call for many requests, no lock held across a round trip. */
@Injectable()
export class PgLedgerStore extends LedgerStore {
  private readonly rememberedTerms = new Map<string, HeldTerms>();
  private readonly authorisations: PgBatch<Asking, AuthoriseAnswer>;
  private readonly keyedAuthorisations: PgBatch<Asking, AuthoriseAnswer>;
  private readonly settlements: PgBatch<Ending, SettleAnswer>;

  constructor(
    private readonly pool: Pool,
    { limits, idempotencyTtlMs }: LedgerBatches,
  ) {
    super();
    this.authorisations = new PgBatch((asking) => {
      const shared = new SharedTerms();
      const items = asking.map((one, n) => toAuthoriseItem(one, n, shared));
      return this.authoriseAll('authorise', asking, items);
    }, limits);
    this.keyedAuthorisations = new PgBatch((asking) => {
      const expiresAtMs = Date.now() + idempotencyTtlMs;
      const items = asking.map((one, n) => toKeyedItem(one, n, expiresAtMs));
      return this.authoriseAll('authorise_keyed', asking, items);
    }, limits);
    this.settlements = new PgBatch((endings) => this.settleAll(endings), limits);
  }

  async authorise(command: Authorise, mayRecall: boolean): Promise<AuthoriseAnswer> {
    const { authorisations, keyedAuthorisations } = this;
    const batch = command.idempotency ? keyedAuthorisations : authorisations;
    const answer = await batch.add({ command, mayRecall });
    if (!('declined' in answer)) this.remember(command);
    return answer;
  }

  async extend(request: ExtendRequest): Promise<ExtendAnswer> {
    const { name, values } = extensionOf(request);
    const places = values.map((_, place) => `$${place + 1}`).join(', ');
    const text = `SELECT * FROM ${name}(${places})`;
    const statement = { name: `${name}_${values.length}`, text };
    const row = await rowOf<ExtendRow>(this.pool, statement, values);
    return { result: row.result, amount: parseNanos(row.hold_amount) };
  }

  async heldTerms(requestId: string): Promise<HeldTerms | undefined> {
    const remembered = this.rememberedTerms.get(requestId);
    if (remembered) return remembered;
    const [row] = await rowsOf<TermsRow>(
      this.pool,
      {
        name: 'held_terms',
        text: `SELECT owner_id, terms FROM hold WHERE id = $1
             UNION ALL SELECT owner_id, terms FROM receipt
             WHERE id = $1 AND decline_code IS DISTINCT FROM 'request_withdrawn' LIMIT 1`,
      },
      [requestId],
    );
    return row && { ownerId: row.owner_id, terms: row.terms };
  }

  async settle(ending: Ending): Promise<SettleAnswer> {
    const answer = await this.settlements.add(ending);
    this.rememberedTerms.delete(ending.command.requestId);
    return answer;
  }

  async withdraw(requestId: string) {
    const result = await resultOf<Withdrawn['result']>(
      this.pool,
      { name: 'withdraw', text: 'SELECT withdraw($1, $2) AS result' },
      [requestId, subjects.usageSettled],
    );
    this.rememberedTerms.delete(requestId);
    return result;
  }

  async reapExpired(limit: number): Promise<readonly string[]> {
    const rows = await rowsOf<{ id: string }>(
      this.pool,
      'SELECT reap_expired_holds($1, $2) AS id',
      [limit, subjects.usageSettled],
    );
    return rows.map(({ id }) => id);
  }

  grant({ grantId, ownerId, amount, reason }: Grant, notes: readonly Note[]) {
    return auditedResultOf<'granted' | 'replay' | 'parameters_differ'>(
      this.pool,
      'SELECT grant_credit($1, $2, $3, $4) AS result, $2::uuid AS owner_id, NULL::jsonb AS fact',
      [grantId, ownerId, amount.toString(), reason],
      notes,
    );
  }

  fold(limit: number): Promise<number> {
    return resultOf(
      this.pool,
      { name: 'fold_transactions', text: 'SELECT fold_transactions($1) AS result' },
      [limit],
    );
  }

  private async authoriseAll(
    name: 'authorise' | 'authorise_keyed',
    asking: readonly Asking[],
    items: readonly object[],
  ): Promise<AuthoriseAnswer[]> {
    const { rows } = await this.pool.query<AuthoriseRow>({
      name,
      text: `SELECT * FROM ${name}($1)`,
      values: [JSON.stringify(items)],
    });
    const byNumber = new Map(rows.map((row) => [row.item_n, row]));
    return asking.map(({ command }, n) =>
      toAuthoriseAnswer(command.requestId, answered(byNumber.get(n), 'authorise')),
    );
  }

  private async settleAll(endings: readonly Ending[]): Promise<SettleAnswer[]> {
    const shared = new SharedTerms();
    const items = endings.map((ending, n) => toSettleItem(ending, n, shared));
    const { rows } = await this.pool.query<SettleRow>({
      name: 'settle',
      text: 'SELECT * FROM settle($1, $2)',
      values: [JSON.stringify(items), subjects.usageSettled],
    });
    const byNumber = new Map(rows.map((row) => [row.item_n, row]));
    return endings.map((_, n) => {
      const { result, charged } = answered(byNumber.get(n), 'settle');
      return { result, charged: parseNanos(charged) };
    });
  }

  private remember({ requestId, ownerId, terms }: Authorise): void {
    this.rememberedTerms.set(requestId, { ownerId, terms });
    const [oldest] = this.rememberedTerms.keys();
    if (this.rememberedTerms.size > rememberedTermsMax && oldest !== undefined) {
      this.rememberedTerms.delete(oldest);
    }
  }
}

function answered<Row>(row: Row | undefined, name: string): Row {
  if (!row) throw new Error(`${name} gave no row for one of its items`);
  return row;
}

function toAuthoriseAnswer(requestId: string, row: AuthoriseRow): AuthoriseAnswer {
  if (row.result !== 'held') return { declined: row.result as Decline | 'recall' };
  return {
    requestId,
    holdEpoch: row.hold_epoch,
    amount: row.hold_amount,
    isReplay: row.is_replay,
  };
}

/** Which of the ledger's functions gives a running request more. */
function extensionOf(request: ExtendRequest) {
  const { requestId, holdEpoch, leased, amount, renewUntilMs, evidence } = request;
  const wanted = amount.toString();
  if (leased) {
    const values = [leased.leaseId, requestId, leased.amount, wanted];
    return { name: 'extend_leased', values };
  }
  if (renewUntilMs === undefined) {
    return { name: 'extend_hold', values: [requestId, holdEpoch, wanted] };
  }
  const values = [requestId, holdEpoch, wanted, new Date(renewUntilMs)];
  if (!evidence) return { name: 'extend_session', values };
  const item = toCheckpointItem({ requestId, holdEpoch, evidence }, 0);
  return { name: 'extend_session', values: [...values, JSON.stringify(item)] };
}
