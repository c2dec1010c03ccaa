import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readEmbeddings } from './embedding-answer.js';

const row = (embedding: unknown, index?: number) => ({ object: 'embedding', embedding, index });

describe(readEmbeddings, () => {
  it('puts vectors in the order of the texts, whatever order they come in', () => {
    expect(readEmbeddings({ data: [row([2], 1), row([1, 0.5], 0)] }, 2)).toEqual([[1, 0.5], [2]]);
    expect(readEmbeddings({ data: [row([1]), row([2])] }, 2)).toEqual([[1], [2]]);
  });

  it.each<[string, unknown, number]>([
    ['nothing', undefined, 1],
    ['too few', { data: [row([1])] }, 2],
    ['too many', { data: [row([1]), row([2])] }, 1],
    ['an empty vector', { data: [row([])] }, 1],
    ['what is no number', { data: [row([1, '2'])] }, 1],
    ['what is no finite number', { data: [row([Number.NaN])] }, 1],
    ['what is encoded', { data: [row('AACAPw==')] }, 1],
    ['the same place twice', { data: [row([1], 0), row([2], 0)] }, 2],
    ['another place', { data: [row([1], 7)] }, 1],
    ['a vector without an end', { data: [row(Array.from({ length: 8_193 }, () => 1))] }, 1],
  ])('is nothing of %s', (_what, answer, count) => {
    expect(readEmbeddings(answer, count)).toBeUndefined();
  });

  it('gives as many finite vectors as were asked for, or nothing, of whatever JSON', () => {
    const rows = fc.array(fc.oneof(fc.jsonValue(), fc.record({ embedding: fc.jsonValue() })));
    const answers = fc.oneof(fc.jsonValue(), fc.record({ data: rows }));
    fc.assert(
      fc.property(answers, fc.integer({ min: 1, max: 3 }), (answer, count) => {
        const vectors = readEmbeddings(answer, count);
        if (!vectors) return;
        expect(vectors).toHaveLength(count);
        expect(vectors.flat().every(Number.isFinite)).toBe(true);
      }),
    );
  });
});
