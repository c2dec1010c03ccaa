import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  answerEndOf,
  codeForBuyer,
  codeForUpstream,
  isRunningPaid,
  type SessionEnd,
  upstreamEnd,
} from './session-end.js';

const codes = fc.integer({ min: 1_000, max: 4_999 });
const ends: fc.Arbitrary<SessionEnd> = fc.oneof(
  fc.record({ by: fc.constant('buyer' as const), code: codes }),
  fc.record({ by: fc.constant('upstream' as const), code: codes }),
  fc.record({ by: fc.constant('seller' as const), failure: fc.constant('cut' as const) }),
  fc.record({
    by: fc.constant('market' as const),
    reason: fc.constantFrom('expired', 'idle', 'revoked', 'leaving', 'unpaid', 'unheld'),
  }),
);

/** As RFC 6455 lets an endpoint send them. */
const maySend = (code: number | undefined) =>
  code === undefined ||
  (code >= 1_000 && code <= 1_014 && ![1_004, 1_005, 1_006].includes(code)) ||
  (code >= 3_000 && code <= 4_999);

describe('the codes of an end', () => {
  it('are always ones that may be sent', () => {
    fc.assert(
      fc.property(ends, (end) => {
        expect([codeForBuyer(end), codeForUpstream(end)].every(maySend)).toBe(true);
      }),
    );
  });

  it('never tell the buyer of an orderly end that was none', () => {
    fc.assert(
      fc.property(ends, (end) => {
        const isOrderly = [undefined, 1_000].includes(codeForBuyer(end));
        expect(isOrderly && (end.by === 'seller' || end.by === 'market')).toBe(false);
      }),
    );
  });
});

describe(upstreamEnd, () => {
  it.each([
    [1_000, false, 'upstream'],
    [1_005, false, 'upstream'],
    [4_000, false, 'upstream'],
    [1_000, true, 'seller'],
    [1_006, false, 'seller'],
    [1_011, false, 'seller'],
    [1_013, false, 'seller'],
  ])(
    'takes code %i, with an answer under way: %s, for an end by the %s',
    (code, isAnswering, by) => {
      expect(upstreamEnd(code, isAnswering).by).toBe(by);
    },
  );
});

describe(answerEndOf, () => {
  const buyer: SessionEnd = { by: 'buyer', code: 1_000 };
  const seller: SessionEnd = { by: 'seller', failure: 'cut' };
  const market: SessionEnd = { by: 'market', reason: 'expired' };
  const idle = { hasContent: true, wasAnswering: false };

  it.each([
    [buyer, idle, 'finished'],
    [{ by: 'buyer', code: 1_006 } as const, idle, 'buyer_left'],
    [buyer, { ...idle, wasAnswering: true }, 'buyer_left'],
    [seller, { ...idle, wasAnswering: true }, 'finished'],
    [market, idle, 'finished'],
    [buyer, { ...idle, hasContent: false }, 'buyer_left'],
    [market, { ...idle, hasContent: false }, 'buyer_left'],
    [seller, { ...idle, hasContent: false }, 'failed'],
  ])('says of %j, %j that it is %s', (end, delivered, expected) => {
    expect(answerEndOf(end, delivered)).toBe(expected);
  });

  it('lets the buyer pay for half an answer only where the end is its own doing', () => {
    fc.assert(
      fc.property(ends, (end) => {
        const isOwn =
          end.by === 'buyer' || (end.by === 'market' && ['revoked', 'unpaid'].includes(end.reason));
        expect(isRunningPaid(end)).toBe(isOwn);
      }),
    );
  });
});
