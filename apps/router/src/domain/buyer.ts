import assert from 'node:assert';
import type { Principal, TokenLimits, TokenRules } from '@aisbf/contracts';

/** Whoever calls with an API token: only such a caller buys. */
export type TokenBuyer = Principal &
  Readonly<{ apiTokenId: string; limits: TokenLimits; rules: TokenRules }>;

/** To be called with whoever has the scope `inference`, which no session has. */
export function toBuyer(principal: Principal): TokenBuyer {
  const { apiTokenId, limits, rules } = principal;
  assert(apiTokenId !== null && limits && rules, 'only API tokens have the scope inference');
  return { ...principal, apiTokenId, limits, rules };
}
