import { nanos } from '@aisbf/money';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chargeFor, type Delivery, type HeldTerms } from './charge.js';

const buyer = '00000000-0000-4000-8000-000000000001';
const seller = '00000000-0000-4000-8000-000000000002';

const held = (prices = { prompt_token: '1000000', completion_token: '2000000' }): HeldTerms => ({
  ownerId: buyer,
  terms: [
    {
      providerId: '00000000-0000-4000-8000-000000000003',
      providerLabel: 'seller/gpu',
      sellerOwnerId: seller,
      model: 'm',
      prices,
      feeBps: 500,
    },
  ],
});

const delivery = (change: Partial<Delivery> = {}): Delivery => ({
  outcome: 'completed',
  servedPosition: 0,
  units: { prompt_token: 100, completion_token: 50 },
  finishReason: 'stop',
  ...change,
});

describe(chargeFor, () => {
  it('costs what was delivered at the held price', () => {
    expect(chargeFor(held(), delivery())).toMatchObject({ cost: 200n, feeBps: 500 });
  });

  it('prices cached and thinking tokens by their own price, else as what they are', () => {
    const units = { cached_prompt_token: 10, reasoning_token: 10 };
    expect(chargeFor(held(), delivery({ units }))).toMatchObject({ cost: 30n });
    const own = {
      ...held().terms[0]?.prices,
      cached_prompt_token: '0',
      reasoning_token: '5000000',
    };
    const hold = held(own as { prompt_token: string; completion_token: string });
    expect(chargeFor(hold, delivery({ units }))).toMatchObject({ cost: 50n });
  });

  it('fits no candidate that the hold never had', () => {
    expect(chargeFor(held(), delivery({ servedPosition: 1 }))).toBeUndefined();
    expect(chargeFor(held(), delivery({ servedPosition: null }))).toBeUndefined();
    expect(
      chargeFor(held(), delivery({ servedPosition: 1, outcome: 'seller_failed' })),
    ).toBeUndefined();
  });

  it('takes an answer without a word for a failure, unless it says why', () => {
    const units = { prompt_token: 7, completion_token: 0 };
    for (const finishReason of [null, 'error'])
      expect(chargeFor(held(), delivery({ units, finishReason }))?.outcome).toBe('seller_failed');
    expect(chargeFor(held(), delivery({ units }))).toMatchObject({
      outcome: 'completed',
      cost: 7n,
    });
    const image = chargeFor(held(), delivery({ units: { image: 1 }, finishReason: null }));
    expect(image?.outcome).toBe('completed');
  });

  it('costs nothing for a failure, nor for own capacity', () => {
    const outcome = fc.constantFrom('completed', 'buyer_left', 'seller_failed', 'not_served');
    const count = fc.nat(1_000_000_000);
    fc.assert(
      fc.property(outcome, count, count, fc.boolean(), (end, prompt, completion, isOwn) => {
        const hold = { ...held(), ownerId: isOwn ? seller : buyer };
        const units = { prompt_token: prompt, completion_token: completion };
        const charge = chargeFor(hold, delivery({ outcome: end, units }));
        const isFree = isOwn || end === 'seller_failed' || end === 'not_served';
        expect(charge?.cost).toBe(isFree ? 0n : nanos(BigInt(prompt) + 2n * BigInt(completion)));
      }),
    );
  });
});
