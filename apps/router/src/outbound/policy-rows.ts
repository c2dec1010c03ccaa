import type { Prisma } from '@aisbf/database-router';
import {
  asInstalled,
  type PolicyRates,
  type ProbePolicy,
  type ProviderPolicy,
} from '../domain/provider-policy.js';

export type PolicyRow = Readonly<{
  audience: ProviderPolicy['audience'];
  endpoints: string[];
  buyer_requests_per_minute_max: number | null;
  buyer_tokens_per_minute_max: string | null;
  requests_per_minute_max: number | null;
  tokens_per_minute_max: string | null;
  probe_models: ProbePolicy['models'];
  probe_completion: ProbePolicy['completion'];
}>;
export type GuestRow = Readonly<{ provider_id: string; owner_id: string; username: string }>;
export type OpeningRow = Readonly<{ provider_id: string; from_minute: number; to_minute: number }>;

export function fromPolicyRow(
  row: PolicyRow,
  guests: readonly GuestRow[],
  openings: readonly OpeningRow[],
): ProviderPolicy {
  return {
    audience: row.audience,
    guests: new Map(guests.map(({ owner_id, username }) => [owner_id, username])),
    hours:
      openings.length === 0
        ? null
        : openings.map(({ from_minute, to_minute }) => ({
            fromMinute: from_minute,
            toMinute: to_minute,
          })),
    endpoints: row.endpoints.length === 0 ? null : row.endpoints,
    buyerRates: fromRates(row.buyer_requests_per_minute_max, row.buyer_tokens_per_minute_max),
    rates: fromRates(row.requests_per_minute_max, row.tokens_per_minute_max),
    probes: { models: row.probe_models, completion: row.probe_completion },
  };
}

function fromRates(requests: number | null, tokens: string | null): PolicyRates {
  return {
    requestsPerMinuteMax: requests,
    tokensPerMinuteMax: tokens === null ? null : Number(tokens),
  };
}

/** None named means any, of endpoints and of hours. */
export function toPolicyColumns(policy: ProviderPolicy) {
  const { audience, endpoints, buyerRates, rates, probes = asInstalled } = policy;
  return {
    audience,
    endpoints: [...(endpoints ?? [])],
    buyerRequestsPerMinuteMax: buyerRates.requestsPerMinuteMax,
    buyerTokensPerMinuteMax: toBigInt(buyerRates.tokensPerMinuteMax),
    requestsPerMinuteMax: rates.requestsPerMinuteMax,
    tokensPerMinuteMax: toBigInt(rates.tokensPerMinuteMax),
    probeModels: probes.models,
    probeCompletion: probes.completion,
  };
}

function toBigInt(count: number | null): bigint | null {
  return count === null ? null : BigInt(count);
}

/** The rows beside the provider's own, in place of those that there were. */
export async function putPolicyRows(
  providerId: string,
  { guests, hours }: ProviderPolicy,
  transaction: Prisma.TransactionClient,
): Promise<void> {
  await transaction.providerGuest.deleteMany({ where: { providerId } });
  await transaction.providerOpening.deleteMany({ where: { providerId } });
  await transaction.providerGuest.createMany({
    data: [...guests].map(([ownerId, username]) => ({ providerId, ownerId, username })),
  });
  await transaction.providerOpening.createMany({
    data: (hours ?? []).map((opening, position) => ({ providerId, position, ...opening })),
  });
}
