import { nanos } from '@aisbf/money';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type BookedMovement, findingOfBooked, findingOfTold, type Movement } from './movement.js';

const told: Movement = {
  ...{ kind: 'payment', id: 'pi_1', amount: nanos(500n), isOurs: true, paymentId: null },
};
const booked: BookedMovement = {
  kind: 'payment',
  id: 'pi_1',
  amount: nanos(500n),
  state: 'booked',
};
const amount = fc.bigInt({ min: 0n, max: 1_000n }).map(nanos);

describe(findingOfTold, () => {
  it('has nothing to say exactly where both say the same', () => {
    fc.assert(
      fc.property(amount, amount, (theirs, ours) => {
        const finding = findingOfTold({ ...told, amount: theirs }, { ...booked, amount: ours });
        expect(finding === undefined).toBe(theirs === ours);
      }),
    );
  });

  it('names money that came or went past us, and leaves other business alone', () => {
    expect(findingOfTold(told, undefined)).toMatchObject({ violation: 'provider_payment' });
    expect(findingOfTold({ ...told, kind: 'refund' }, undefined)).toMatchObject({
      violation: 'provider_refund',
    });
    expect(findingOfTold({ ...told, isOurs: false }, undefined)).toBeUndefined();
  });

  it('waits for what may still be booked, and names what was booked as not done', () => {
    const payout = { ...told, kind: 'payout' as const };
    expect(findingOfTold(payout, { ...booked, kind: 'payout', state: 'open' })).toBeUndefined();
    expect(findingOfTold(payout, { ...booked, kind: 'payout', state: 'void' })).toMatchObject({
      violation: 'provider_payout',
      detail: 'the provider has 500, booked as failed',
    });
  });
});

describe(findingOfBooked, () => {
  it('names what the provider does not have, or has otherwise', () => {
    expect(findingOfBooked(booked, undefined)).toMatchObject({
      violation: 'provider_payment',
      detail: 'booked 500, the provider has none',
    });
    expect(findingOfBooked(booked, { ...told, amount: nanos(1n) })).toMatchObject({
      detail: 'the provider has 1, booked 500',
    });
    expect(findingOfBooked(booked, told)).toBeUndefined();
  });
});
