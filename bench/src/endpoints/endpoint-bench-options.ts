import { parseArgs } from 'node:util';
import type { EndpointPlan } from './endpoint-measurement.js';

/** What the bench of endpoints measures, in this order. */
export const endpointParts = ['kinds', 'first-word', 'memory'] as const;
export type EndpointPart = (typeof endpointParts)[number];

export type EndpointBenchOptions = EndpointPlan &
  Readonly<{
    /** A look at whether it works: the figures mean little, and the page is left as it is. */
    isQuick: boolean;
    isJson: boolean;
    profileFolder: string | undefined;
    only: readonly EndpointPart[] | undefined;
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
    only: values.only?.split(',').map(endpointPart),
    buyers: 32,
  };
}

function endpointPart(text: string): EndpointPart {
  const part = endpointParts.find((known) => known === text);
  if (part === undefined) throw new Error(`--only takes some of ${endpointParts.join(', ')}.`);
  return part;
}
