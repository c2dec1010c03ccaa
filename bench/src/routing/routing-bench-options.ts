import { parseArgs } from 'node:util';

/** What the bench of routing measures, in this order. */
export const routingParts = ['plan', 'autoselect', 'workers', 'failover', 'catalogue'] as const;
export type RoutingPart = (typeof routingParts)[number];

export type RoutingBenchOptions = Readonly<{
  /** A look at whether it works: the figures mean little, and the page is left as it is. */
  isQuick: boolean;
  isJson: boolean;
  profileFolder: string | undefined;
  only: readonly RoutingPart[] | undefined;
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
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      only: { type: 'string' },
      'profile-folder': { type: 'string' },
    },
  });
  return {
    ...(values.quick ? quick : full),
    isQuick: values.quick,
    isJson: values.json,
    profileFolder: values['profile-folder'],
    only: values.only?.split(',').map(routingPart),
  };
}

function routingPart(text: string): RoutingPart {
  const part = routingParts.find((known) => known === text);
  if (part === undefined) throw new Error(`--only takes some of ${routingParts.join(', ')}.`);
  return part;
}
