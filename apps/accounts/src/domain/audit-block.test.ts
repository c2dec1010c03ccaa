import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type AuditBlock,
  blockFault,
  canonicalLine,
  DayHash,
  dayAfter,
  firstPreviousHash,
  sealedBlock,
} from './audit-block.js';

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', 'null', '"]\n['),
);
const record = fc.array(fc.option(text), { maxLength: 6 });
type Row = Readonly<{
  what: 'event' | 'transaction' | 'transfer';
  fields: readonly (string | null)[];
}>;
const row = fc.record({
  what: fc.constantFrom('event' as const, 'transaction' as const, 'transfer' as const),
  fields: record,
});
const day: fc.Arbitrary<readonly Row[]> = fc.array(row, { maxLength: 8 });

function contentsOf(rows: readonly Row[]) {
  const hash = new DayHash();
  rows.forEach(({ what, fields }, n) => {
    if (what === 'event') hash.addEvent(String(n), fields);
    else if (what === 'transaction') hash.addTransaction(fields);
    else hash.addTransfer(fields);
  });
  return hash.contents();
}

/** So many days from 2026-11-20 on, chained. */
function chainOf(days: readonly (readonly Row[])[]): AuditBlock[] {
  const blocks: AuditBlock[] = [];
  let date = '2026-11-20';
  for (const rows of days) {
    const previous = blocks.at(-1)?.hash ?? firstPreviousHash;
    blocks.push(sealedBlock(date, contentsOf(rows), previous));
    date = dayAfter(date);
  }
  return blocks;
}

/** The first block that differs from what there is, if any. */
function firstFault(blocks: readonly AuditBlock[], days: readonly (readonly Row[])[]) {
  return blocks.findIndex(
    (block, n) => blockFault(block, blocks[n - 1], contentsOf(days[n] ?? [])) !== undefined,
  );
}

describe(canonicalLine, () => {
  it('writes different sequences of records differently', () => {
    fc.assert(
      fc.property(fc.array(record), fc.array(record), (one, other) => {
        const written = (all: typeof one) => all.map(canonicalLine).join('');
        const isSame = JSON.stringify(one) === JSON.stringify(other);
        expect(written(one) === written(other)).toBe(isSame);
      }),
    );
  });

  it('can be read back', () => {
    fc.assert(
      fc.property(fc.array(record), (all) => {
        const lines = all.map(canonicalLine).join('').split('\n').slice(0, -1);
        expect(lines.map((line) => JSON.parse(line))).toEqual(all);
      }),
    );
  });
});

describe('a chain of days', () => {
  it('has no fault as it was sealed, days without records included', () => {
    fc.assert(
      fc.property(fc.array(day, { maxLength: 5 }), (days) => {
        expect(firstFault(chainOf(days), days)).toBe(-1);
      }),
    );
  });

  it('names the day of which a record was changed, added or removed', () => {
    const changes = fc.constantFrom('change', 'add', 'remove', 'swap');
    fc.assert(
      fc.property(
        fc.array(day, { minLength: 1, maxLength: 5 }),
        fc.nat(),
        changes,
        (days, at, how) => {
          const n = at % days.length;
          const rows = days[n] ?? [];
          const first = rows[0];
          fc.pre(how === 'add' || first !== undefined);
          fc.pre(how !== 'swap' || JSON.stringify(rows) !== JSON.stringify([...rows].reverse()));
          const changed: Readonly<Record<string, readonly Row[]>> = {
            add: [...rows, { what: 'transfer', fields: [] }],
            remove: rows.slice(0, -1),
            swap: [...rows].reverse(),
            change: first ? [{ ...first, fields: [...first.fields, 'x'] }, ...rows.slice(1)] : [],
          };
          expect(firstFault(chainOf(days), days.with(n, [...(changed[how] ?? [])]))).toBe(n);
        },
      ),
    );
  });

  it('names the block that was changed, whatever of it', () => {
    const names = [
      'day',
      'auditEvents',
      'transfers',
      'contentHash',
      'previousHash',
      'hash',
    ] as const;
    fc.assert(
      fc.property(
        fc.array(day, { minLength: 1, maxLength: 5 }),
        fc.nat(),
        fc.constantFrom(...names),
        (days, at, name) => {
          const blocks = chainOf(days);
          const n = at % blocks.length;
          const block = blocks[n];
          if (!block) throw new Error('no block');
          const wrong = { day: '2020-01-01', auditEvents: 99, transfers: 99 };
          const changed = {
            ...block,
            [name]: { ...wrong, hash: 'f', contentHash: 'f', previousHash: 'f' }[name],
          };
          expect(firstFault(blocks.with(n, changed), days)).toBe(n);
        },
      ),
    );
  });

  it('names the block after the one that was taken out', () => {
    const days = [[], [], [], []];
    const blocks = chainOf(days);
    expect(firstFault(blocks.toSpliced(1, 1), days)).toBe(1);
    expect(firstFault(blocks.slice(1), days)).toBe(0);
  });

  it('does not hide a change behind a new hash of the block alone', () => {
    const days: Row[][] = [[{ what: 'event', fields: ['a'] }], []];
    const other: Row[][] = [[{ what: 'event', fields: ['b'] }], []];
    const forged = chainOf(days).with(
      0,
      sealedBlock('2026-11-20', contentsOf(other[0] ?? []), firstPreviousHash),
    );
    expect(firstFault(forged, other)).toBe(1);
  });
});

it('counts days through the ends of months and years', () => {
  expect(['2026-11-30', '2026-12-31', '2028-02-28'].map(dayAfter)).toEqual([
    ...['2026-12-01', '2027-01-01', '2028-02-29'],
  ]);
});
