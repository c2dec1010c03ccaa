import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decrypt, encrypt } from './encrypted-bytes.js';

const secret = 'a secret that is random';
const context = 'req_1';

describe(decrypt, () => {
  it('gives back what was encrypted, to its secret and for its context only', () => {
    const run = fc.property(fc.uint8Array(), fc.string(), fc.string(), (bytes, one, other) => {
      fc.pre(one !== other);
      const sealed = encrypt({ bytes, context: one }, secret);
      expect(decrypt({ bytes: sealed, context: one }, secret)).toEqual(Buffer.from(bytes));
      expect(decrypt({ bytes: sealed, context: other }, secret)).toBeUndefined();
      expect(decrypt({ bytes: sealed, context: one }, `${secret}x`)).toBeUndefined();
    });
    fc.assert(run);
  });

  it('gives nothing of what was changed, cut off or never encrypted', () => {
    const sealed = encrypt({ bytes: Buffer.from('an answer'), context }, secret);
    const run = fc.property(
      fc.nat(sealed.length - 1),
      fc.integer({ min: 1, max: 255 }),
      (at, by) => {
        const changed = Buffer.from(sealed);
        changed.writeUInt8((changed.readUInt8(at) + by) % 256, at);
        expect(decrypt({ bytes: changed, context }, secret)).toBeUndefined();
        expect(decrypt({ bytes: sealed.subarray(0, at), context }, secret)).toBeUndefined();
      },
    );
    fc.assert(run);
  });

  it('shows nothing of the text, and never the same twice', () => {
    const bytes = Buffer.from('an answer that nobody else may read');
    const [one, two] = [encrypt({ bytes, context }, secret), encrypt({ bytes, context }, secret)];
    expect(one.includes(bytes)).toBe(false);
    expect(one.equals(two)).toBe(false);
  });
});
