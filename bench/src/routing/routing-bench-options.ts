import { benchFlags, type CommonFlags } from '../bench-flags.js';

/** What the bench of routing measures, in this order. */
export const routingParts = ['plan', 'autoselect', 'workers', 'failover', 'catalogue'] as const;
export type RoutingPart = (typeof routingParts)[number];

export type RoutingBenchOptions = CommonFlags<RoutingPart> &
  Readonly<{
    /** Calls of each kind, in memory. */
    warmUp: number;
    count: number;
    /** Sizes of the market, in workers. */
    workers: readonly number[];
    /** Requests of each kind whose first candidate fails. */
    failovers: number;
    failoverWarmUp: number;
    /** Changes of the catalogue. */
    changes: number;
  }>;

const full = {
  warmUp: 5_000,
  count: 20_000,
  workers: [100, 10_000, 100_000],
  failovers: 150,
  failoverWarmUp: 20,
  changes: 300,
} as const;

const quick = {
  ...full,
  warmUp: 200,
  count: 500,
  workers: [100, 2_000],
  failovers: 5,
  failoverWarmUp: 1,
  changes: 5,
} as const;

export const routingUsage = `
How routes are decided, in memory and by real services:
  npm run bench -- routing [options]
  --quick                 a minute's look at whether it works; the page is left as it is
  --json                  everything that was measured, as JSON
  --only NAME,NAME        only these parts; the page is left as it is
                          (${routingParts.join(', ')})
  --profile-folder PATH   leaves V8 processor profiles of what is measured in memory there
`;

/** Throws where a flag is unknown or makes no sense. */
export function routingBenchOptions(args: readonly string[]): RoutingBenchOptions {
  const { common } = benchFlags(args, routingParts);
  return { ...(common.isQuick ? quick : full), ...common };
}
