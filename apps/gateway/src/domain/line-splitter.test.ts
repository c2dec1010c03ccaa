import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type FileLine, LineSplitter } from './line-splitter.js';

const text = fc.array(fc.constantFrom(...'ab é\r'), { maxLength: 12 }).map((all) => all.join(''));

/** The same file in pieces that end wherever. */
function split(file: Buffer, cuts: readonly number[], lineBytesMax = 100): FileLine[] | undefined {
  const splitter = new LineSplitter(lineBytesMax);
  const lines: FileLine[] = [];
  const ends = [...new Set(cuts.map((cut) => cut % (file.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const end of [...ends, file.length]) {
    const found = splitter.push(file.subarray(from, end));
    if (!found) return undefined;
    lines.push(...found);
    from = end;
  }
  return [...lines, ...splitter.end()];
}

describe(LineSplitter, () => {
  it('gives the lines of a file, numbered and placed, however it comes in pieces', () => {
    fc.assert(
      fc.property(fc.array(text), fc.boolean(), fc.array(fc.nat(200)), (rows, isEnded, cuts) => {
        const file = Buffer.from(rows.join('\n') + (isEnded ? '\n' : ''));
        const lines = split(file, cuts) ?? [];
        const expected = file.toString().split('\n');
        // What stands behind the last line feed is a line only where something does.
        if (expected.at(-1) === '') expected.pop();
        expect(lines.map(({ bytes }) => bytes.toString())).toEqual(expected);
        expect(lines.map(({ number }) => number)).toEqual(expected.map((_row, place) => place + 1));
        for (const { offset, bytes } of lines) {
          expect(file.subarray(offset, offset + bytes.length).equals(bytes)).toBe(true);
        }
      }),
    );
  });

  it('stops at a line that is too long, whether it has ended or not', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.nat(20), fc.array(fc.nat(60)), (length, more, cuts) => {
        const file = Buffer.from(`ok\n${'x'.repeat(length)}\n${'y'.repeat(more)}`);
        const isTooLong = length > 10 || more > 10;
        expect(split(file, cuts, 10) === undefined).toBe(isTooLong);
      }),
    );
  });
});
