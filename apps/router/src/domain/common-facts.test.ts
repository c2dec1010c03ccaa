import type { ModelFacts } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { commonFacts } from './common-facts.js';

const words = fc.uniqueArray(fc.constantFrom('text', 'image', 'audio'), { minLength: 1 });
const told: fc.Arbitrary<ModelFacts> = fc.record(
  {
    inputs: words,
    outputs: words,
    hasTools: fc.boolean(),
    parameters: words,
    outputTokensMax: fc.integer({ min: 1, max: 9 }),
    quantization: fc.constantFrom('Q4', 'Q8'),
  },
  { requiredKeys: [] },
);

const lists = ['inputs', 'outputs', 'parameters'] as const;

describe(commonFacts, () => {
  it('keeps what all have that say something', () => {
    const first = { inputs: ['text', 'image'], hasTools: true, outputTokensMax: 9 };
    const second = { inputs: ['text'], hasTools: false, outputTokensMax: 5, quantization: 'Q4' };
    expect(commonFacts([first, second, {}])).toEqual({
      inputs: ['text'],
      hasTools: false,
      outputTokensMax: 5,
      quantization: 'Q4',
    });
    expect(commonFacts([{ quantization: 'Q4' }, { quantization: 'Q8' }])).toEqual({});
    expect(commonFacts([])).toEqual({});
  });

  it('promises nothing that one of them denies', () => {
    const property = fc.property(fc.array(told, { minLength: 1 }), fc.nat(), (all, at) => {
      const one = all[at % all.length] ?? {};
      const common = commonFacts(all);
      for (const name of lists) {
        const said = one[name] ?? common[name] ?? [];
        expect(said).toEqual(expect.arrayContaining(common[name] ?? []));
      }
      if (one.hasTools === false) expect(common.hasTools).toBe(false);
      expect(common.outputTokensMax ?? 0).toBeLessThanOrEqual(one.outputTokensMax ?? 9);
      const quantization = one.quantization ?? common.quantization;
      expect([undefined, quantization]).toContain(common.quantization);
    });
    fc.assert(property);
  });

  it('is the same in whatever order they come', () => {
    const inOrder = (facts: ModelFacts) => ({
      ...facts,
      ...Object.fromEntries(lists.map((name) => [name, facts[name]?.toSorted()])),
    });
    const property = fc.property(fc.array(told), (all) => {
      expect(inOrder(commonFacts(all.toReversed()))).toEqual(inOrder(commonFacts(all)));
    });
    fc.assert(property);
  });
});
