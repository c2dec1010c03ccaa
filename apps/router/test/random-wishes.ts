import type { Percentiles, Preferences, TokenRules } from '@aisbf/contracts';
import fc from 'fast-check';
import { models, usernames } from './random-names.js';

const names = fc.subarray(
  ['rig', 'cloud', ...usernames, 'anna/rig', 'global/cloud', 'bob/rig', 'nobody'],
  { minLength: 1, maxLength: 4 },
);

const percentiles = (most: number): fc.Arbitrary<Percentiles> => {
  const figure = fc.integer({ min: 0, max: most });
  return fc.record({ p50: figure, p75: figure, p90: figure, p99: figure }, { requiredKeys: [] });
};

/** Each of the wishes, alone as well as with others. */
const wish: Readonly<Record<keyof Preferences, fc.Arbitrary<Preferences>>> = {
  order: names
    .chain((order) => fc.shuffledSubarray(order, { minLength: 1 }))
    .map((order) => ({ order })),
  allowsFallbacks: fc.boolean().map((allowsFallbacks) => ({ allowsFallbacks })),
  only: names.map((only) => ({ only })),
  ignore: names.map((ignore) => ({ ignore })),
  parameters: fc
    .subarray(['temperature', 'tools', 'seed'], { minLength: 1 })
    .map((parameters) => ({ parameters })),
  deniesCollection: fc.boolean().map((deniesCollection) => ({ deniesCollection })),
  isZeroRetention: fc.boolean().map((isZeroRetention) => ({ isZeroRetention })),
  quantizations: fc
    .subarray(['q4', 'Q8', 'unknown', 'UNKNOWN'], { minLength: 1 })
    .map((quantizations) => ({ quantizations })),
  regions: fc.subarray(['eu', 'us'], { minLength: 1 }).map((regions) => ({ regions })),
  sort: fc
    .constantFrom('price' as const, 'throughput' as const, 'latency' as const)
    .map((sort) => ({ sort })),
  isOwnFirst: fc.boolean().map((isOwnFirst) => ({ isOwnFirst })),
  throughputMin: percentiles(200).map((throughputMin) => ({ throughputMin })),
  latencyMsMax: percentiles(5_000).map((latencyMsMax) => ({ latencyMsMax })),
};

const { order, allowsFallbacks, sort, isOwnFirst, throughputMin, latencyMsMax, ...ruling } = wish;
/** Those that only put in order: several of them at once are the hard cases, and leave everybody in. */
const ordering = [order, sort, isOwnFirst, throughputMin, latencyMsMax];

const someOf = (
  from: readonly fc.Arbitrary<Preferences>[],
  most: number,
): fc.Arbitrary<Preferences> =>
  fc
    .subarray([...from], { minLength: 1, maxLength: most })
    .chain((some) => fc.tuple(...some))
    .map((parts): Preferences => Object.assign({}, ...parts));

/** Of those that rule out a few at a time: all together would leave nobody. */
export const wishes: fc.Arbitrary<Preferences | undefined> = fc.oneof(
  fc.constant(undefined),
  someOf(ordering, 5),
  someOf(ordering, 5),
  someOf([...Object.values(ruling), allowsFallbacks, order], 2),
);

/** What a token may be used for. */
export const tokenRules: fc.Arbitrary<TokenRules> = fc.record({
  routes: fc.subarray(['rig/*', 'rotation/*', 'autoselect/pick', 'cloud/llama', '*'], {
    maxLength: 3,
  }),
  models: fc.subarray(['llama', 'org*', ...models], { maxLength: 2 }),
  addresses: fc.constant([]),
});
