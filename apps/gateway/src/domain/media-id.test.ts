import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type MediaFile, openMedia, sealMedia } from './media-id.js';

const secret = 'a secret of the installation';
const file: MediaFile = {
  providerId: '00000000-0000-4000-8000-000000000001',
  clientId: 'one',
  model: 'art',
  target: '/files/x.png?sig=1',
  expiresAtMs: 5_000,
};
const files = fc.record({
  providerId: fc.uuid(),
  clientId: fc.string({ maxLength: 128 }),
  model: fc.string({ maxLength: 64 }),
  target: fc.string({ maxLength: 256 }),
  expiresAtMs: fc.integer({ min: 1, max: 2 ** 50 }),
});

describe(openMedia, () => {
  it('finds what was sealed, until it expires', () => {
    fc.assert(
      fc.property(files, (one) => {
        const id = sealMedia(one, secret);
        expect(id).toMatch(/^[\w-]+$/);
        expect(openMedia(id, secret, one.expiresAtMs - 1)).toEqual(one);
        expect(openMedia(id, secret, one.expiresAtMs)).toBeUndefined();
      }),
    );
  });

  it('finds nothing by an id that was changed, made elsewhere or invented', () => {
    const id = sealMedia(file, secret);
    expect(openMedia(id, 'another secret of it', 0)).toBeUndefined();
    fc.assert(
      fc.property(
        fc.nat(id.length - 1),
        fc.constantFrom('A', 'q', '_', '/', ''),
        fc.string(),
        (at, by, any) => {
          const changed = id.slice(0, at) + by + id.slice(at + 1);
          // The last character may carry bits that mean nothing.
          const isSame = Buffer.from(changed, 'base64url').equals(Buffer.from(id, 'base64url'));
          if (!isSame) expect(openMedia(changed, secret, 0)).toBeUndefined();
          expect(openMedia(any, secret, 0)).toBeUndefined();
        },
      ),
    );
  });

  it('tells nothing, and is another one each time', () => {
    const ids = new Set(Array.from({ length: 100 }, () => sealMedia(file, secret)));
    expect(ids.size).toBe(100);
    for (const id of ids) {
      expect(Buffer.from(id, 'base64url').toString('latin1')).not.toContain('files');
      expect(id.length).toBeLessThan(250);
    }
  });
});
