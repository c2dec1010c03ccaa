import { hash } from 'node:crypto';
import type { Authorise } from '@aisbf/contracts';
import type { LeasedRequest } from '../domain/lease-ticket.js';
import type { Ending } from '../services/ledger-store.js';

/** A request that asks for money. */
export type Asking = Readonly<{ command: Authorise; mayRecall: boolean }>;

/**
 * The terms of the requests of one call: those of a route are alike, and to read them costs the database more than
 * anything else about a request. Where an item has the same as an earlier one, it says that one's place instead.
 */
export class SharedTerms {
  private readonly places = new Map<string, number>();

  of(text: string, terms: Authorise['terms'], n: number): Authorise['terms'] | number {
    const place = this.places.get(text);
    if (place === undefined) this.places.set(text, n);
    return place ?? terms;
  }
}

/** One request among those that `authorise` is called with; `n` is its place. */
export function toAuthoriseItem(
  { command, mayRecall }: Asking,
  n: number,
  shared: SharedTerms | undefined = undefined,
) {
  const termsText = JSON.stringify(command.terms);
  return {
    n,
    id: command.requestId,
    owner_id: command.ownerId,
    api_token_id: command.apiTokenId,
    amount: command.amount,
    parameters_hash: parametersHash(command, termsText),
    route: command.route,
    is_stream: command.isStream,
    terms: shared?.of(termsText, command.terms, n) ?? command.terms,
    rejections: command.rejections,
    expires_at: timeText(command.expiresAtMs),
    concurrency_max: command.concurrencyMax,
    may_recall: mayRecall,
  };
}

/** The same with its key, for `authorise_keyed`, which leaves some out: none may lean on another. */
export function toKeyedItem(asking: Asking, n: number, expiresAtMs: number) {
  const { idempotency } = asking.command;
  return {
    ...toAuthoriseItem(asking, n),
    idempotency_key: idempotency?.key,
    body_hash: idempotency?.bodyHash,
    key_expires_at: timeText(expiresAtMs),
  };
}

/** One request among those that `settle` is called with; `n` is its place. */
export function toSettleItem({ command, charge, leased }: Ending, n: number, shared: SharedTerms) {
  return {
    n,
    id: command.requestId,
    epoch: command.holdEpoch,
    outcome: charge.outcome,
    cost: charge.cost.toString(),
    fee_bps: charge.feeBps,
    served_position: command.servedPosition,
    seller_owner_id: charge.served?.sellerOwnerId ?? null,
    provider_id: charge.served?.providerId ?? null,
    model: charge.served?.model ?? null,
    // What was not served is not metered.
    units: charge.served ? { ...command.units, request: 1 } : {},
    reported: command.reported,
    finish_reason: command.finishReason,
    started_at_ms: command.startedAtMs,
    first_byte_at_ms: command.firstByteAtMs,
    ended_at_ms: command.endedAtMs,
    attempts: command.attempts,
    ...(leased && toLeasedItem(leased, n, shared)),
  };
}

/** What its hold would say; `n` is its place among those that may share its terms. */
export function toLeasedItem(
  leased: LeasedRequest,
  n = 0,
  shared: SharedTerms | undefined = undefined,
) {
  const termsText = JSON.stringify(leased.terms);
  return {
    lease_id: leased.leaseId,
    owner_id: leased.ownerId,
    api_token_id: leased.apiTokenId,
    amount: leased.amount,
    parameters_hash: parametersHash(leased, termsText),
    route: leased.route,
    is_stream: leased.isStream,
    terms: shared?.of(termsText, leased.terms, n) ?? leased.terms,
    rejections: leased.rejections,
    created_at_ms: leased.createdAtMs,
  };
}

type Parameters = Pick<Authorise, 'ownerId' | 'apiTokenId' | 'amount' | 'route' | 'isStream'>;

/** Tells a repeat from another request under the same id. The expiry may differ: it moves with the clock. */
function parametersHash(
  { ownerId, apiTokenId, amount, route, isStream }: Parameters,
  termsText: string,
): string {
  const others = JSON.stringify([ownerId, apiTokenId, amount, route, isStream]);
  return hash('sha256', `${others.slice(0, -1)},${termsText}]`);
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
