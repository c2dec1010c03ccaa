import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatUsd, nanos, nanosMax } from './nanos.js';
import { parseUsd } from './usd.js';

describe(parseUsd, () => {
  it.each([
    ['0', 0n],
    ['1', 1_000_000_000n],
    ['0.1', 100_000_000n],
    ['0.000000001', 1n],
    ['0.0000000019', 1n],
    ['1e-7', 100n],
    ['2.5E+1', 25_000_000_000n],
    ['1.', 1_000_000_000n],
    ['9223372036.854775807', nanosMax],
    ['0e999', 0n],
  ])('reads %s exactly', (text, amount) => {
    expect(parseUsd(text)).toBe(amount);
  });

  it.each([
    '',
    '-1',
    '+1',
    '.5',
    '1,5',
    'NaN',
    'Infinity',
    '0x10',
    '1e1000',
    '9223372036.854775808',
    ' 1',
  ])('takes %j for no amount', (text) => {
    expect(parseUsd(text)).toBeUndefined();
  });

  it('reads back whatever is written', () => {
    const run = fc.property(fc.bigInt({ min: 0n, max: nanosMax }), (amount) => {
      expect(parseUsd(formatUsd(nanos(amount)))).toBe(amount);
    });
    fc.assert(run);
  });

  it('never throws, and never gives more than was written', () => {
    const number = fc.double({ min: 0, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(fc.oneof(fc.string(), number.map(String)), (text) => {
        const amount = parseUsd(text);
        if (amount !== undefined)
          expect(Number(amount)).toBeLessThanOrEqual(Number(text) * 1e9 + 1);
      }),
    );
  });
});
