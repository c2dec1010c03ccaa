import { nanos } from '@aisbf/money';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chargeFor, type Delivery, type HeldTerms } from './charge.js';

const buyer = '00000000-0000-4000-8000-000000000001';
const seller = '00000000-0000-4000-8000-000000000002';

const held = (change: Partial<HeldTerms> = {}): HeldTerms => ({
  ownerId: buyer,
  amount: nanos(1_000n),
  terms: [
    {
      providerId: '00000000-0000-4000-8000-000000000003',
      providerLabel: 'seller/gpu',
      sellerOwnerId: seller,
      model: 'm',
      prices: { prompt_token: '1000000', completion_token: '2000000' },
      feeBps: 500,
    },
  ],
  ...change,
});

const delivery = (change: Partial<Delivery> = {}): Delivery => ({
  outcome: 'completed',
  servedPosition: 0,
  promptTokens: 100,
  completionTokens: 50,
  finishReason: 'stop',
  ...change,
});

describe(chargeFor, () => {
  it('charges tokens at the held price and splits off the fee', () => {
    expect(chargeFor(held(), delivery())).toMatchObject({ amount: 200n, fee: 10n, overrun: 0n });
  });

  it('names what a delivery cost above its hold, and does not charge it', () => {
    const charge = chargeFor(held({ amount: nanos(150n) }), delivery());
    expect(charge).toMatchObject({ amount: 150n, fee: 7n, overrun: 50n });
  });

  it('fits no candidate that the hold never had', () => {
    expect(chargeFor(held(), delivery({ servedPosition: 1 }))).toBeUndefined();
    expect(chargeFor(held(), delivery({ servedPosition: null }))).toBeUndefined();
    expect(
      chargeFor(held(), delivery({ servedPosition: 1, outcome: 'seller_failed' })),
    ).toBeUndefined();
  });

  it('never charges above the hold, nor for a failure, nor for own capacity', () => {
    const outcome = fc.constantFrom('completed', 'buyer_left', 'seller_failed', 'not_served');
    const count = fc.nat(1_000_000_000);
    fc.assert(
      fc.property(
        outcome,
        count,
        count,
        fc.bigInt({ min: 0n, max: 10n ** 18n }),
        fc.boolean(),
        (end, prompt, completion, amount, isOwn) => {
          const hold = held({ amount: nanos(amount), ownerId: isOwn ? seller : buyer });
          const charge = chargeFor(
            hold,
            delivery({ outcome: end, promptTokens: prompt, completionTokens: completion }),
          );
          expect(charge).toBeDefined();
          if (!charge) return;
          expect(charge.amount).toBeLessThanOrEqual(amount);
          expect(charge.fee).toBeLessThanOrEqual(charge.amount);
          if (isOwn || end === 'seller_failed' || end === 'not_served')
            expect(charge.amount).toBe(0n);
        },
      ),
    );
  });
});
