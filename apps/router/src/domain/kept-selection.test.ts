import { AutoselectDefinition, type CandidateFacts, SelectionRecord } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { keptSelection, keptSelections } from './kept-selection.js';
import { replaySelection, select } from './selection.js';

const figure = fc.option(fc.integer({ min: 0, max: 50 }));
const facts: fc.Arbitrary<Omit<CandidateFacts, 'name'>> = fc.record({
  source: fc.constantFrom('own', 'workers', 'hosted'),
  isDiscreet: fc.boolean(),
  region: fc.option(fc.constantFrom('eu', 'us')),
  prices: fc.constant({}),
  expectedCost: fc.integer({ min: 0, max: 40 }).map(String),
  firstMs: figure,
  tokensPerSecond: figure,
  room: fc.option(fc.constantFrom(0, 0.25, 1)),
  successRate: fc.option(fc.constantFrom(0, 0.5, 1)),
  isCooling: fc.boolean(),
  contextTokens: fc.option(fc.constantFrom(100, 10_000)),
  isDeclared: fc.boolean(),
  tier: fc.constantFrom(0, 40, 100),
});
const candidates = fc
  .array(facts, { maxLength: 40 })
  .map((all) =>
    all.map((one, at): CandidateFacts => ({ ...one, name: `o/p${at % 4}/model${at}` })),
  );

const weight = fc.integer({ min: 0, max: 3 });
const selection = fc.record({
  from: fc.constantFrom(
    'everything' as const,
    Array.from({ length: 40 }, () => ({ providerId: crypto.randomUUID(), model: 'm' })),
  ),
  ceilings: fc.constantFrom({}, { regions: ['eu'] }, { firstMsMax: 20 }, { expectedCostMax: '20' }),
  weights: fc.record({
    ...{ price: weight, speed: weight, firstToken: weight },
    ...{ load: weight, success: weight, quality: weight },
  }),
  privacy: fc.constantFrom('ignored' as const, 'marked' as const),
});
const selections = fc.array(selection, { minLength: 1, maxLength: 3 });
const definitions = fc
  .record({
    decisions: fc.array(fc.record({ least: fc.integer({ min: 0, max: 20 }), use: selections }), {
      maxLength: 3,
    }),
    otherwise: selections,
    qualities: fc.array(fc.constantFrom('model1', 'model*', 'else'), { maxLength: 3 }),
  })
  .map(({ decisions, otherwise, qualities }) =>
    AutoselectDefinition.parse({
      decisions: decisions.map(({ least, use }, at) => ({
        name: `d${at}`,
        when: { signal: 'promptTokens', op: 'at_least', value: least },
        use,
      })),
      otherwise,
      qualities: qualities.map((model) => ({ model, tier: 50 })),
    }),
  );

const records = fc
  .tuple(definitions, fc.array(candidates, { minLength: 3, maxLength: 3 }))
  .map(([definition, all]) =>
    select(
      'a/b',
      definition,
      { signals: null, promptTokens: 10 },
      (_selection, at) => all[at] ?? [],
    ),
  );

describe(keptSelection, () => {
  it('decides by itself what it decided among all, with the same scores', () => {
    fc.assert(
      fc.property(records, fc.integer({ min: 1, max: 8 }), (record, most) => {
        const kept = keptSelection(record, most);
        const { omitted = 0, ...rest } = SelectionRecord.parse(JSON.parse(JSON.stringify(kept)));
        expect(replaySelection(rest)).toEqual(rest);
        expect(kept.decision).toBe(record.decision);
        const lengths = (all: SelectionRecord) => all.candidates.flat().length;
        expect(lengths(kept) + omitted).toBe(lengths(record));
        for (const [at, { ranking, excluded, isPrivate }] of record.outcomes.entries()) {
          const names = new Set(kept.candidates[at]?.map(({ name }) => name));
          const isKept = ({ name }: Readonly<{ name: string }>) => names.has(name);
          expect(kept.outcomes[at]).toEqual({
            isPrivate,
            ranking: ranking
              .map((equals) => equals.filter(isKept))
              .filter(({ length }) => length > 0),
            excluded: excluded.filter(isKept),
          });
          // The best are among them, and no more than asked for with the four that scores are measured by.
          const best = ranking.flat().slice(0, most);
          expect(best.every(isKept)).toBe(true);
          expect(names.size).toBeLessThanOrEqual(2 * most + 4);
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe(keptSelections, () => {
  it('keeps fewer candidates where they would take more than they may, and gives up where one is too many', () => {
    fc.assert(
      fc.property(
        fc.array(records, { minLength: 1, maxLength: 3 }),
        fc.nat(60_000),
        (all, bytesMax) => {
          const kept = keptSelections(all, { candidatesMax: 16, bytesMax });
          const isTooLarge = (most: number) =>
            JSON.stringify(all.map((one) => keptSelection(one, most))).length > bytesMax;
          if (!kept) expect(isTooLarge(1)).toBe(true);
          else expect(JSON.stringify(kept).length).toBeLessThanOrEqual(bytesMax);
        },
      ),
      { numRuns: 30 },
    );
  });
});
