import { createHash } from 'node:crypto';
import type { Authorise } from '@aisbf/contracts';
import type { Ending } from '../services/ledger-store.js';

/** A request that asks for money. */
export type Asking = Readonly<{ command: Authorise; mayRecall: boolean }>;

/** One request among those that `authorise` is called with; `n` is its place. */
export function toAuthoriseItem({ command, mayRecall }: Asking, n: number) {
  return {
    n,
    id: command.requestId,
    owner_id: command.ownerId,
    api_token_id: command.apiTokenId,
    amount: command.amount,
    parameters_hash: parametersHash(command),
    route: command.route,
    is_stream: command.isStream,
    terms: command.terms,
    rejections: command.rejections,
    expires_at: timeText(command.expiresAtMs),
    concurrency_max: command.concurrencyMax,
    may_recall: mayRecall,
  };
}

/** The same with its key, for `authorise_keyed`. */
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
export function toSettleItem({ command, charge, leased }: Ending, n: number) {
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
    started_at: timeText(command.startedAtMs),
    first_byte_at: command.firstByteAtMs === null ? null : timeText(command.firstByteAtMs),
    ended_at: timeText(command.endedAtMs),
    attempts: command.attempts,
    command: { ...command, ticket: null },
    ...(leased && {
      lease_id: leased.leaseId,
      owner_id: leased.ownerId,
      api_token_id: leased.apiTokenId,
      amount: leased.amount,
      parameters_hash: parametersHash(leased),
      route: leased.route,
      is_stream: leased.isStream,
      terms: leased.terms,
      rejections: leased.rejections,
      created_at: timeText(leased.createdAtMs),
    }),
  };
}

type Parameters = Pick<
  Authorise,
  'ownerId' | 'apiTokenId' | 'amount' | 'route' | 'isStream' | 'terms'
>;

/** Tells a repeat from another request under the same id. The expiry may differ: it moves with the clock. */
function parametersHash({
  ownerId,
  apiTokenId,
  amount,
  route,
  isStream,
  terms,
}: Parameters): string {
  return createHash('sha256')
    .update(JSON.stringify([ownerId, apiTokenId, amount, route, isStream, terms]))
    .digest('hex');
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
