import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseKeyRing } from './key-ring.js';
import { SealedSeries, sealedPieceExtra } from './sealed-series.js';

const ringOf = (...ids: readonly string[]) => {
  const ring = parseKeyRing(
    ids.map((id) => `${id}:${randomBytes(32).toString('base64')}`).join(','),
  );
  if (!('current' in ring)) throw new Error(ring.join());
  return ring;
};
const ring = ringOf('now', 'once');

function reopened(wrapped: Parameters<typeof SealedSeries.open>[0], context = 'file 1') {
  const series = SealedSeries.open(wrapped, context, ring);
  if (typeof series === 'string') throw new Error(series);
  return series;
}

describe(SealedSeries, () => {
  it('opens every piece in its own place, and in no other', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 64 }), { minLength: 1, maxLength: 6 }),
        fc.nat(6),
        fc.boolean(),
        (pieces, elsewhere, isLastElsewhere) => {
          const { series, wrapped } = SealedSeries.begin('file 1', ring);
          const last = pieces.length - 1;
          for (const [position, piece] of pieces.entries()) {
            const isLast = position === last;
            const sealed = series.seal(piece, { position, isLast });
            expect(sealed.length).toBe(piece.length + sealedPieceExtra);
            const other = reopened(wrapped);
            expect(other.unseal(sealed, { position, isLast })).toEqual(Buffer.from(piece));
            const isSamePlace = position === elsewhere && isLast === isLastElsewhere;
            const opened = other.unseal(sealed, { position: elsewhere, isLast: isLastElsewhere });
            expect(opened !== undefined).toBe(isSamePlace);
          }
        },
      ),
    );
  });

  it('does not open a piece that was changed, or is of another series', () => {
    const one = SealedSeries.begin('file 1', ring);
    const two = SealedSeries.begin('file 1', ring);
    const sealed = one.series.seal(Buffer.from('words'), { position: 0 });
    expect(two.series.unseal(sealed, { position: 0 })).toBeUndefined();
    sealed.writeUInt8(sealed.readUInt8(14) ^ 1, 14);
    expect(one.series.unseal(sealed, { position: 0 })).toBeUndefined();
  });

  it('says why its key does not open', () => {
    const { wrapped } = SealedSeries.begin('file 1', ring);
    expect(SealedSeries.open(wrapped, 'file 2', ring)).toBe('mismatched');
    expect(SealedSeries.open(wrapped, 'file 1', ringOf('later'))).toBe('key_unknown');
  });
});
