import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isAddressIn } from './address-rules.js';

describe(isAddressIn, () => {
  it.each([
    ['203.0.113.7', '203.0.113.7', true],
    ['203.0.113.8', '203.0.113.7', false],
    ['::ffff:203.0.113.7', '203.0.113.7', true],
    ['10.255.0.1', '10.0.0.0/8', true],
    ['11.0.0.1', '10.0.0.0/8', false],
    ['2001:db8::1', '2001:db8::/32', true],
    ['2001:db9::1', '2001:db8::/32', false],
    ['10.0.0.1', '::/0', false],
    ['not an address', '0.0.0.0/0', false],
    ['', '0.0.0.0/0', false],
  ])('%s in %s: %s', (address, range, isIn) => {
    expect(isAddressIn(address, [range])).toBe(isIn);
  });

  it('agrees with arithmetic for every IPv4 network', () => {
    const address = fc.integer({ min: 0, max: 0xffff_ffff });
    const dotted = (value: number) =>
      [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.');
    fc.assert(
      fc.property(address, address, fc.integer({ min: 1, max: 32 }), (one, other, prefix) => {
        const shift = 32 - prefix;
        const isIn = one >>> shift === other >>> shift;
        expect(isAddressIn(dotted(one), [`${dotted(other)}/${prefix}`])).toBe(isIn);
      }),
    );
  });
});
