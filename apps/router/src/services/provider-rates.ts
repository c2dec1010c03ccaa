import type { PolicyRates } from '../domain/provider-policy.js';

/** Who takes how much of whose provider. */
export type ProviderDemand = Readonly<{
  providerId: string;
  buyerOwnerId: string;
  buyerRates: PolicyRates;
  rates: PolicyRates;
  /** Known before the request runs; what it produces is counted when it has ended. */
  promptTokens: number;
}>;

export type ProviderVerdict =
  | Readonly<{ isAllowed: true }>
  | Readonly<{ isAllowed: false; retryAfterMs: number }>;

/** How much of each provider others may use, as its owner has said; counted for all replicas together. */
export abstract class ProviderRates {
  /** Takes one request's share of the buyer's and of the total rate, or nothing. */
  abstract take(demand: ProviderDemand): Promise<ProviderVerdict>;
  /** The request was served elsewhere. */
  abstract giveBack(demand: ProviderDemand): Promise<void>;
  /** Counts what it has produced here. */
  abstract spend(demand: ProviderDemand, tokens: number): Promise<void>;
}
