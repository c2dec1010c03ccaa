/** Whom an owner serves, when, what with and how much. It binds everybody but the owner. */
export type ProviderPolicy = Readonly<{
  audience: 'market' | 'listed' | 'private';
  /** Whom a listed one is open to: by owner, the username. */
  guests: ReadonlyMap<string, string>;
  /** When others are served; null is always. */
  hours: readonly Opening[] | null;
  /** What others may call; null is everything. */
  endpoints: readonly string[] | null;
  /** Of each other owner by itself. */
  buyerRates: PolicyRates;
  /** Of all of them together. */
  rates: PolicyRates;
  /** Whether it is probed; absent is what the installation does. */
  probes?: ProbePolicy;
}>;

/** Minutes of a week that begins on Monday at midnight UTC; one that lasts into the next week ends beyond it. */
export type Opening = Readonly<{ fromMinute: number; toMinute: number }>;

/** Null is what the installation does. */
export type ProbePolicy = Readonly<{
  models: 'on' | 'off' | null;
  completion: 'on' | 'doubtful' | 'off' | null;
}>;

/** Null is any number. */
export type PolicyRates = Readonly<{
  requestsPerMinuteMax: number | null;
  tokensPerMinuteMax: number | null;
}>;

/** Why an owner serves nobody else at the moment, or not with this. */
export type PolicyRejection = 'closed_now' | 'endpoint_not_allowed';

const noRates: PolicyRates = { requestsPerMinuteMax: null, tokensPerMinuteMax: null };

export const asInstalled: ProbePolicy = { models: null, completion: null };

/** Open to the market, without limits. */
export const openPolicy: ProviderPolicy = {
  audience: 'market',
  guests: new Map(),
  hours: null,
  endpoints: null,
  buyerRates: noRates,
  rates: noRates,
};

type Owned = Readonly<{ ownerId: string; policy?: ProviderPolicy }>;

/** Whether this provider exists for somebody at all, whatever else is said of it. */
export function admits({ ownerId, policy }: Owned, buyerOwnerId: string): boolean {
  if (ownerId === buyerOwnerId || !policy || policy.audience === 'market') return true;
  return policy.audience === 'listed' && policy.guests.has(buyerOwnerId);
}

export function policyRejection(
  { provider, isOwn }: Readonly<{ provider: Owned; isOwn: boolean }>,
  endpoint: string | undefined,
  nowMs: number,
): PolicyRejection | undefined {
  const { policy } = provider;
  if (isOwn || !policy) return undefined;
  // Of a worker's own paths it is asked worker by worker, since each has its own names for them.
  const isAllowed =
    policy.endpoints === null ||
    endpoint === 'studio' ||
    (endpoint !== undefined && policy.endpoints.includes(endpoint));
  if (!isAllowed) return 'endpoint_not_allowed';
  return isOpenAt(policy.hours, nowMs) ? undefined : 'closed_now';
}

/** Whether its owner keeps nobody who may see it from anything, at any time: `policyRejection` never has a word to say. */
export function isAlwaysOpen({
  provider: { policy },
  isOwn,
}: Readonly<{ provider: Owned; isOwn: boolean }>): boolean {
  return isOwn || !policy || (policy.endpoints === null && policy.hours === null);
}

export function isOpenAt(hours: readonly Opening[] | null, nowMs: number): boolean {
  if (hours === null) return true;
  const minute = minuteOfWeek(nowMs);
  return hours.some(
    ({ fromMinute, toMinute }) =>
      (fromMinute <= minute && minute < toMinute) || minute + weekMinutes < toMinute,
  );
}

/** Whether others are counted here. */
export function hasRates({ buyerRates, rates }: ProviderPolicy): boolean {
  return [buyerRates, rates].some(
    ({ requestsPerMinuteMax, tokensPerMinuteMax }) =>
      requestsPerMinuteMax !== null || tokensPerMinuteMax !== null,
  );
}

const dayMinutes = 1_440;
const weekMinutes = 7 * dayMinutes;
/** 1970 began on a Thursday. */
const daysBefore = 3;

function minuteOfWeek(nowMs: number): number {
  return (Math.floor(nowMs / 60_000) + daysBefore * dayMinutes) % weekMinutes;
}
