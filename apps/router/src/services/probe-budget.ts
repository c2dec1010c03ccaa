export type ProbeCost = Readonly<{ ownerId: string; providerId: string; tokens: number }>;

type Spent = Readonly<{ used: number; max: number }>;
export type ProbesSpent = Readonly<{ probes: Spent; ownerProbes: Spent; ownerTokens: Spent }>;

/** What probes may cost an owner in a day, whoever makes them. */
export abstract class ProbeBudget {
  /** Takes it from the day's budget; false where it is more than is left. */
  abstract take(cost: ProbeCost): Promise<boolean>;
  abstract spentOf(owner: Omit<ProbeCost, 'tokens'>): Promise<ProbesSpent>;
}
