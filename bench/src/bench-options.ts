import { parseArgs } from 'node:util';
import { type TargetName, targetNames } from './target.js';

export type BenchOptions = Readonly<{
  /** A look at whether it works: the figures mean little, and the page is left as it is. */
  isQuick: boolean;
  /** Everything that was measured, on stdout, instead of the table. */
  isJson: boolean;
  /** Profiles of the services are left here. */
  profileFolder: string | undefined;
  /** Only these, and the direct way, which all are compared with; the page is left as it is. */
  only: readonly TargetName[] | undefined;
  rounds: number;
  connections: number;
  buyers: number;
  warmUpMs: number;
  /** A warm-up goes on until it has had this many requests, for up to three times its time. */
  warmUpRequests: number;
  sequentialMs: number;
  wholeMs: number;
  streamMs: number;
  openLoopMs: number;
  /** The constant rate of the open loop, unless half of what the slowest target carries is less. */
  ratePerSMax: number;
}>;

/** Five rounds of six targets end within eight minutes. */
const full = {
  rounds: 5,
  warmUpMs: 6_000,
  warmUpRequests: 2_000,
  sequentialMs: 2_000,
  wholeMs: 3_000,
  streamMs: 2_500,
  openLoopMs: 2_500,
} as const;

const quick = {
  rounds: 1,
  warmUpMs: 2_000,
  warmUpRequests: 1,
  sequentialMs: 500,
  wholeMs: 1_000,
  streamMs: 1_000,
  openLoopMs: 1_000,
} as const;

export const usage = `Usage: npm run bench -- [options]

  --quick                 a minute's look at whether it works; the page is left as it is
  --json                  everything that was measured, as JSON
  --only NAME,NAME        only these targets and the direct way; the page is left as it is
                          (${targetNames.join(', ')})
  --rounds N              rounds over all targets (${full.rounds})
  --buyers N              buyers that the connections are spread over (32: each its own)
  --profile-folder PATH   leaves V8 processor profiles of our services there
`;

/** Throws where a flag is unknown or makes no sense. */
export function benchOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      buyers: { type: 'string', default: '32' },
      only: { type: 'string' },
      'profile-folder': { type: 'string' },
    },
  });
  const durations = values.quick ? quick : full;
  return {
    ...durations,
    isQuick: values.quick,
    isJson: values.json,
    profileFolder: values['profile-folder'],
    only: values.only?.split(',').map(targetName),
    rounds: count('rounds', values.rounds ?? String(durations.rounds), 100),
    connections: 32,
    buyers: count('buyers', values.buyers, 1_000),
    ratePerSMax: 200,
  };
}

function targetName(text: string): TargetName {
  const name = targetNames.find((known) => known === text);
  if (name === undefined) throw new Error(`--only takes some of ${targetNames.join(', ')}.`);
  return name;
}

function count(flag: string, text: string, max: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= max) return number;
  throw new Error(`--${flag} must be a whole number from 1 to ${max}.`);
}
