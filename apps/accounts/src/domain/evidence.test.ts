import type { Progress, Terms, Units } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chargeFor } from './charge.js';
import { evidenceOf } from './evidence.js';

const buyer = '00000000-0000-4000-8000-00000000000b';
const seller = '00000000-0000-4000-8000-00000000000a';

const terms: Terms = {
  providerId: '00000000-0000-4000-8000-00000000000c',
  providerLabel: 'sam/shop',
  sellerOwnerId: seller,
  model: 'small',
  prices: { prompt_token: '2000001', completion_token: '3000000', audio_second: '7', request: '5' },
  feeBps: 500,
};
const hold = { ownerId: buyer, terms: [terms] };

const progress = (finished: Units, delivered: Units): Progress => ({
  ordinal: 1,
  finished,
  delivered,
});

describe(evidenceOf, () => {
  it('is what a settlement of the finished, and one of all that was delivered, would have cost', () => {
    const [finished, delivered] = [
      { prompt_token: 10, completion_token: 4 },
      { prompt_token: 31, completion_token: 9, audio_second: 2 },
    ];
    expect(evidenceOf(hold, 0, progress(finished, delivered))).toEqual({
      ...{ ordinal: 1, servedPosition: 0, feeBps: 500 },
      ...{ finished: { ...finished, request: 1 }, finishedCost: 21n + 12n + 5n },
      ...{ delivered: { ...delivered, request: 1 }, deliveredCost: 63n + 27n + 14n + 5n },
    });
  });

  it('charges nothing where nothing is finished, neither for the prompt nor for the request', () => {
    const evidence = evidenceOf(hold, 0, progress({ prompt_token: 10 }, { completion_token: 1 }));
    expect(evidence).toMatchObject({ finished: {}, finishedCost: 0n, deliveredCost: 8n });
  });

  it("meters one's own capacity, and charges nothing for it", () => {
    const own = { ...hold, ownerId: seller };
    const units = { completion_token: 9 };
    expect(evidenceOf(own, 0, progress(units, units))).toMatchObject({
      ...{ finished: { ...units, request: 1 }, finishedCost: 0n, deliveredCost: 0n, feeBps: 0 },
    });
  });

  it.each([
    ['nothing was delivered', 0, progress({}, {})],
    ['only the prompt was read', 0, progress({}, { prompt_token: 100 })],
    ['more is finished than was delivered', 0, progress({ image: 1 }, { completion_token: 1 })],
    ['the hold never had that candidate', 1, progress({}, { completion_token: 1 })],
  ])('is none where %s', (_, position, told) => {
    const priced = { ...hold, terms: [{ ...terms, prices: { ...terms.prices, image: '900' } }] };
    expect(evidenceOf(priced, position, told)).toBeUndefined();
  });

  const count = fc.nat(1_000_000);
  const units = fc.record({ prompt_token: count, completion_token: count, audio_second: count });

  it('never says more than the settlement that did not come, however far that had got', () => {
    const history = fc.tuple(units, units, units);
    fc.assert(
      fc.property(history, ([finished, running, later]) => {
        const delivered = sumOf(finished, running);
        const evidence = evidenceOf(hold, 0, progress(finished, delivered));
        fc.pre(evidence !== undefined);
        const end = { outcome: 'completed', servedPosition: 0, finishReason: 'stop' } as const;
        const settled = chargeFor(hold, { ...end, units: sumOf(delivered, later) });
        expect(evidence.finishedCost).toBeLessThanOrEqual(evidence.deliveredCost);
        expect(evidence.deliveredCost).toBeLessThanOrEqual(settled?.cost ?? -1n);
      }),
    );
  });
});

type Counts = Readonly<{ prompt_token: number; completion_token: number; audio_second: number }>;

function sumOf(one: Counts, other: Counts): Counts {
  return {
    prompt_token: one.prompt_token + other.prompt_token,
    completion_token: one.completion_token + other.completion_token,
    audio_second: one.audio_second + other.audio_second,
  };
}
