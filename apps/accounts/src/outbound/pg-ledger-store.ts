import { createHash } from 'node:crypto';
import {
  type Attempt,
  type Authorise,
  type Settle,
  subjects,
  type Terms,
  type UsageSettled,
  type Withdrawn,
} from '@aisbf/contracts';
import { type Nanos, nanos, parseNanos } from '@aisbf/money';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { Charge, HeldTerms } from '../domain/charge.js';
import {
  type AuthoriseAnswer,
  type Decline,
  type Grant,
  LedgerStore,
  type SettleAnswer,
} from '../services/ledger-store.js';
import { withRetry } from './pg-retry.js';

type AuthoriseRow = { result: string; hold_epoch: number; hold_amount: string; is_replay: boolean };
type TermsRow = { owner_id: string; amount: string; terms: Terms[] };
type SettleRow = { result: SettleAnswer['result']; charged: string };

/**
 * How many running requests' terms are remembered, so that their settlement need not ask for them: at most
 * about 40 MB. They never change, so what is remembered is right, and what is not is asked for.
 */
const rememberedTermsMax = 20_000;

/** The ledger's SQL functions: one call each, no lock held across a round trip. */
@Injectable()
export class PgLedgerStore extends LedgerStore {
  private readonly rememberedTerms = new Map<string, HeldTerms>();

  constructor(private readonly pool: Pool) {
    super();
  }

  async authorise(command: Authorise): Promise<AuthoriseAnswer> {
    const row = await this.one<AuthoriseRow>(
      'authorise',
      'SELECT * FROM authorise($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)',
      [
        command.requestId,
        command.ownerId,
        command.apiTokenId,
        command.amount,
        parametersHash(command),
        command.route,
        command.isStream,
        JSON.stringify(command.terms),
        JSON.stringify(command.rejections),
        new Date(command.expiresAtMs),
        command.concurrencyMax,
      ],
    );
    if (row.result !== 'held') return { declined: row.result as Decline };
    this.remember(command);
    return {
      requestId: command.requestId,
      holdEpoch: row.hold_epoch,
      amount: row.hold_amount,
      isReplay: row.is_replay,
    };
  }

  async heldTerms(requestId: string): Promise<HeldTerms | undefined> {
    const remembered = this.rememberedTerms.get(requestId);
    if (remembered) return remembered;
    const { rows } = await withRetry(() =>
      this.pool.query<TermsRow>({
        name: 'held_terms',
        text: 'SELECT owner_id, amount, terms FROM hold WHERE id = $1',
        values: [requestId],
      }),
    );
    const row = rows[0];
    return row && { ownerId: row.owner_id, amount: parseNanos(row.amount), terms: row.terms };
  }

  async settle(command: Settle, charge: Charge): Promise<SettleAnswer> {
    const row = await this.one<SettleRow>(
      'settle',
      `SELECT * FROM settle($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
         (SELECT $18::jsonb || jsonb_build_object('ownerId', owner_id, 'apiTokenId', api_token_id)
          FROM hold WHERE id = $1),
         $19)`,
      [
        command.requestId,
        command.holdEpoch,
        charge.outcome,
        charge.amount.toString(),
        charge.fee.toString(),
        charge.served?.sellerOwnerId ?? null,
        command.servedPosition,
        command.promptTokens,
        command.completionTokens,
        command.reported?.promptTokens ?? null,
        command.reported?.completionTokens ?? null,
        command.finishReason,
        new Date(command.startedAtMs),
        dateOrNull(command.firstByteAtMs),
        new Date(command.endedAtMs),
        JSON.stringify(command.attempts.map(toAttemptRecord)),
        subjects.usageSettled,
        JSON.stringify(usageEvent(command, charge)),
        JSON.stringify(command),
      ],
    );
    this.rememberedTerms.delete(command.requestId);
    return { result: row.result, charged: parseNanos(row.charged) };
  }

  async withdraw(requestId: string) {
    const row = await this.one<{ result: Withdrawn['result'] }>(
      'withdraw',
      'SELECT withdraw($1, $2) AS result',
      [requestId, subjects.usageSettled],
    );
    this.rememberedTerms.delete(requestId);
    return row.result;
  }

  async reapExpired(limit: number): Promise<readonly string[]> {
    const { rows } = await withRetry(() =>
      this.pool.query<{ id: string }>('SELECT reap_expired_holds($1, $2) AS id', [
        limit,
        subjects.usageSettled,
      ]),
    );
    return rows.map(({ id }) => id);
  }

  async grant({ grantId, ownerId, amount, reason }: Grant) {
    const row = await this.one<{ result: 'granted' | 'replay' | 'parameters_differ' }>(
      'grant_credit',
      'SELECT grant_credit($1, $2, $3, $4) AS result',
      [grantId, ownerId, amount.toString(), reason],
    );
    return row.result;
  }

  private remember({ requestId, ownerId, amount, terms }: Authorise): void {
    this.rememberedTerms.set(requestId, { ownerId, amount: parseNanos(amount), terms });
    const [oldest] = this.rememberedTerms.keys();
    if (this.rememberedTerms.size > rememberedTermsMax && oldest !== undefined) {
      this.rememberedTerms.delete(oldest);
    }
  }

  /** The outcome of a broken call is unknown; every function here may be called again with the same ids. */
  private async one<Row extends object>(
    name: string,
    text: string,
    values: unknown[],
  ): Promise<Row> {
    const { rows } = await withRetry(() => this.pool.query<Row>({ name, text, values }));
    const row = rows[0];
    if (!row) throw new Error(`${name} gave no row`);
    return row;
  }
}

/** Tells a repeat from another request under the same id. The expiry may differ: it moves with the clock. */
function parametersHash(command: Authorise): string {
  const { ownerId, apiTokenId, amount, route, isStream, terms } = command;
  return createHash('sha256')
    .update(JSON.stringify([ownerId, apiTokenId, amount, route, isStream, terms]))
    .digest('hex');
}

function toAttemptRecord(attempt: Attempt, index: number) {
  return {
    n: index + 1,
    position: attempt.position,
    session_id: attempt.sessionId,
    session_epoch: attempt.sessionEpoch,
    started_at: new Date(attempt.startedAtMs),
    first_byte_at: dateOrNull(attempt.firstByteAtMs),
    ended_at: new Date(attempt.endedAtMs),
    result: attempt.result,
    reason: attempt.reason,
    http_status: attempt.httpStatus,
  };
}

function dateOrNull(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}

/** The event but for the hold's owner and API token, which only the ledger knows. */
function usageEvent(
  command: Settle,
  { outcome, served, amount, fee }: Charge,
): Omit<UsageSettled, 'ownerId' | 'apiTokenId'> {
  return {
    type: 'usage-settled',
    requestId: command.requestId,
    sellerOwnerId: served?.sellerOwnerId ?? null,
    providerId: served?.providerId ?? null,
    model: served?.model ?? null,
    outcome,
    charge: amount.toString(),
    fee: fee.toString(),
    promptTokens: command.promptTokens,
    completionTokens: command.completionTokens,
    atMs: command.endedAtMs,
  };
}

/** Reads an amount from a column whose sign the schema guarantees. */
export function fromBigintColumn(text: string): Nanos {
  return nanos(BigInt(text));
}
