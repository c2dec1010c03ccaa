import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cursorText, linkTo, parseCursor } from './receipt-query.js';
import { sectionOf } from './statement.js';

const used = fc.record({
  day: fc.constantFrom('2026-11-01', '2026-11-02', '2026-11-30'),
  model: fc.string(),
  requests: fc.nat(),
  amount: fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }),
});
const moved = fc.record({
  day: fc.constantFrom('2026-11-01', '2026-11-15'),
  kind: fc.constant('grant'),
  amount: fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }),
  reference: fc.constant(null),
  reason: fc.constant(null),
});

describe(sectionOf, () => {
  it('has all lines in the order of days, and they lead from opening to closing', () => {
    fc.assert(
      fc.property(fc.array(used), fc.array(moved), fc.bigInt(), (usage, movements, opening) => {
        const sum = [...usage, ...movements].reduce((total, { amount }) => total + amount, opening);
        const month = { opening, closing: sum, used: usage, moved: movements };
        const { lines, closing } = sectionOf('wallet', month);
        const total = lines.reduce((total, { amount }) => total + BigInt(amount), opening);
        expect(total.toString()).toBe(closing);
        const days = lines.map(({ day }) => day);
        expect(days).toEqual([...days].sort());
      }),
    );
  });

  it('is not given where a nano-dollar is missing', () => {
    const month = { opening: 1n, closing: 3n, used: [], moved: [] };
    expect(() => sectionOf('earnings', { ...month, closing: 1n })).not.toThrow();
    expect(() => sectionOf('earnings', month)).toThrow(/lead to 1/);
  });

  it('leads from a payout to the payout', () => {
    const payout = '11111111-2222-3333-4444-555555555555';
    const movement = { day: '2026-11-01', kind: 'payout', amount: -5n, reason: null };
    const moved = [{ ...movement, reference: `payout:${payout}:prepared` }];
    const { lines } = sectionOf('earnings', { opening: 5n, closing: 0n, used: [], moved });
    expect(lines[0]?.details).toBe(`/api/account/payouts/${payout}`);
  });
});

describe(linkTo, () => {
  it('carries whatever a name may hold', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (model, route) => {
        const { searchParams } = new URL(linkTo('receipts', { model, route }), 'http://market');
        const isWhole = (text: string) => text.isWellFormed();
        fc.pre(isWhole(model) && isWhole(route));
        expect(Object.fromEntries(searchParams)).toEqual({ model, route });
      }),
    );
  });
});

describe(parseCursor, () => {
  it('reads what was written', () => {
    const cursor = { micros: '1764000000123456', id: `req_${'a'.repeat(32)}` };
    expect(parseCursor(cursorText(cursor))).toEqual(cursor);
  });
});
