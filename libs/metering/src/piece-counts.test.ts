import { describe, expect, it } from '@jest/globals';
import { PieceCounts } from './piece-counts.js';

function counting() {
  const asked: string[] = [];
  const counts = new PieceCounts((piece) => {
    asked.push(piece);
    return piece.length;
  });
  return { asked, counts };
}

const others = (count: number) => Array.from({ length: count }, (_, index) => `other ${index}`);

describe(PieceCounts, () => {
  it('counts what it knows once', () => {
    const { asked, counts } = counting();
    expect([counts.of('word'), counts.of('word'), counts.of('words')]).toEqual([4, 4, 5]);
    expect(asked).toEqual(['word', 'words']);
  });

  it('knows what comes often however much else comes, and forgets the rest', () => {
    const { asked, counts } = counting();
    for (const other of others(20_000)) {
      counts.of('often');
      counts.of(other);
    }
    expect(asked.filter((piece) => piece === 'often')).toHaveLength(1);
    counts.of('other 0');
    expect(asked.filter((piece) => piece === 'other 0')).toHaveLength(2);
  });

  it('keeps no long piece', () => {
    const { asked, counts } = counting();
    const long = 'x'.repeat(100);
    expect([counts.of(long), counts.of(long)]).toEqual([100, 100]);
    expect(asked).toHaveLength(2);
  });
});
