import { benchFlags, type CommonFlags } from '../bench-flags.js';
import type { EndpointPlan } from './endpoint-measurement.js';

/** What the bench of endpoints measures, in this order. */
export const endpointParts = ['kinds', 'first-word', 'memory'] as const;
export type EndpointPart = (typeof endpointParts)[number];

export type EndpointBenchOptions = CommonFlags<EndpointPart> &
  EndpointPlan &
  Readonly<{
    rounds: number;
    buyers: number;
    /** How often each large body goes through. */
    bodyTimes: number;
  }>;

const full = {
  rounds: 3,
  warmUpMs: 3_000,
  sequentialMs: 1_500,
  loadMs: 2_500,
  firstWordMs: 15_000,
  bodyTimes: 5,
} as const;

const quick = {
  rounds: 1,
  warmUpMs: 500,
  sequentialMs: 300,
  loadMs: 500,
  firstWordMs: 4_000,
  bodyTimes: 1,
} as const;

export const endpointUsage = `
Kinds of endpoints, to a hosted API and to a worker, beside the floor:
  npm run bench -- endpoints [options]
  --quick                 a minute's look at whether it works; the page is left as it is
  --json                  everything that was measured, as JSON
  --only NAME,NAME        only these parts; the page is left as it is (${endpointParts.join(', ')})
  --profile-folder PATH   leaves V8 processor profiles of our services there
`;

/** Throws where a flag is unknown or makes no sense. */
export function endpointBenchOptions(args: readonly string[]): EndpointBenchOptions {
  const { common } = benchFlags(args, endpointParts);
  return { ...(common.isQuick ? quick : full), ...common, buyers: 32 };
}
