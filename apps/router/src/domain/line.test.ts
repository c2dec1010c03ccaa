import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { distinct, type Line, LineOf, ToldLine } from './line.js';
import { RankedLine } from './ranked-line.js';

const numbers = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 60 });
const places = fc.array(fc.nat({ max: 70 }), { maxLength: 8 });

/** A line is what this array is, in whatever order it is looked at. */
function expectLine<Item>(line: Line<Item>, items: readonly Item[], looks: readonly number[]) {
  for (const place of looks) expect(line.at(place)).toEqual(items[place]);
  expect(line).toHaveLength(items.length);
  expect([...line]).toEqual(items);
}

describe(RankedLine, () => {
  it('is what sorting makes of it, equals as they came, however it is looked at', () => {
    fc.assert(
      fc.property(numbers, places, (ranks, looks) => {
        const items = ranks.map((rank, place) => ({ rank, place }));
        const sorted = items.toSorted((left, right) => left.rank - right.rank);
        expectLine(new RankedLine(items, ranks), sorted, looks);
      }),
    );
  });
});

describe(LineOf, () => {
  it('makes each thing once, and none beyond that which is asked for', () => {
    fc.assert(
      fc.property(numbers, places, (items, looks) => {
        let made = 0;
        const line = new LineOf(items, (item) => {
          made += 1;
          return { item };
        });
        const first = line.at(0);
        expect(made).toBe(Math.min(1, items.length));
        expectLine(
          line,
          items.map((item) => ({ item })),
          looks,
        );
        expect(made).toBe(items.length);
        expect(line.at(0)).toBe(first);
      }),
    );
  });
});

describe(ToldLine, () => {
  it('hears no more than it is asked for', () => {
    fc.assert(
      fc.property(numbers, places, (items, looks) => {
        let told = 0;
        function* tell() {
          for (const item of items) {
            told += 1;
            yield item;
          }
        }
        const line = new ToldLine(items.length, tell());
        line.at(1);
        expect(told).toBe(Math.min(2, items.length));
        expectLine(line, items, looks);
      }),
    );
  });
});

describe(distinct, () => {
  it('keeps the first of each key', () => {
    const items = [
      { name: 'a', at: 0 },
      { name: 'b', at: 1 },
      { name: 'a', at: 2 },
    ];
    expect([...distinct(items, ({ name }) => name)]).toEqual([items[0], items[1]]);
  });
});
