import { nanos } from '@aisbf/money';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inForceAt, type Schedule } from './schedule.js';
import { type NewTerm, placeTerm, type TermValue } from './term.js';

const limits = { aheadMax: 3, horizonMs: 1_000 };
const price = (amount: number) => ({ prompt_token: nanos(BigInt(amount)) });

const term = (
  value: TermValue,
  validFromMs: number | null,
  nowMs: number,
  id = 'new',
): NewTerm => ({
  id,
  value,
  validFromMs,
  by: { ownerId: 'anna-id', username: 'anna', nowMs },
  limits,
});

/** The schedule with the term in its place, as the store keeps it. */
function placed(schedule: Schedule<TermValue>, wanted: NewTerm): Schedule<TermValue> {
  const placement = placeTerm(wanted, schedule);
  if (!placement) return schedule;
  const { setAtMs, validFromMs, replaces } = placement;
  const change = { id: wanted.id, value: wanted.value, validFromMs, setAtMs, setBy: 'anna' };
  return [...schedule.filter(({ id }) => !replaces.includes(id)), change].toSorted(
    (left, right) => left.validFromMs - right.validFromMs,
  );
}

describe(placeTerm, () => {
  const begun = { id: 'old', value: price(1), validFromMs: 10, setAtMs: 10, setBy: 'anna' };
  const coming = { id: 'coming', value: price(2), validFromMs: 200, setAtMs: 20, setBy: 'anna' };

  it('begins at once where no moment is named, and at the moment where one is', () => {
    expect(placeTerm(term(price(5), null, 100), [begun])).toEqual({
      setAtMs: 100,
      validFromMs: 100,
      replaces: [],
    });
    expect(placeTerm(term(price(5), 300, 100), [begun])).toMatchObject({ validFromMs: 300 });
    expect(placeTerm(term(price(5), 100, 100), [begun])).toMatchObject({ validFromMs: 100 });
  });

  it.each([
    ['has passed by a millisecond', 99, 'VALID_FROM_PASSED'],
    ['is a millisecond too far ahead', 1_101, 'VALID_FROM_TOO_FAR'],
  ])('refuses a moment that %s', (_what, validFromMs, code) => {
    expect(() => placeTerm(term(price(5), validFromMs, 100), [begun])).toThrow(
      expect.objectContaining({ code }),
    );
    expect(placeTerm(term(price(5), 1_100, 100), [begun])).toBeDefined();
  });

  it('takes no more ahead than there may be, but replaces one, and begins at once, all the same', () => {
    const full = [300, 400, 500].reduce(
      (schedule, at) => placed(schedule, term(price(at), at, 100, `${at}`)),
      [begun] as Schedule<TermValue>,
    );
    expect(() => placeTerm(term(price(9), 600, 100), full)).toThrow(
      expect.objectContaining({ code: 'CHANGES_AHEAD_TOO_MANY', details: { aheadMax: 3 } }),
    );
    expect(placeTerm(term(price(9), 400, 100), full)?.replaces).toEqual(['400']);
    expect(placeTerm(term(price(9), null, 100), full)?.replaces).toEqual([]);
  });

  it('does nothing where that is in force already, or comes at that very moment', () => {
    expect(placeTerm(term(price(1), null, 100), [begun, coming])).toBeUndefined();
    expect(placeTerm(term(price(2), 200, 100), [begun, coming])).toBeUndefined();
    expect(placeTerm(term(null, null, 100), [])).toBeUndefined();
    // What comes between may be withdrawn: the same again is not nothing.
    expect(placeTerm(term(price(2), 300, 100), [begun, coming])).toBeDefined();
    expect(placeTerm(term({}, null, 100), [])).toBeDefined();
    expect(placeTerm(term({ ...price(1), image: nanos(0n) }, null, 100), [begun])).toBeDefined();
  });

  it('lets the second of two hold, whatever the clocks of their replicas say', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1_000, max: 1_020 }), { minLength: 1, maxLength: 8 }),
        (clocks) => {
          const schedule = clocks.reduce(
            (known, nowMs, place) => placed(known, term(place, null, nowMs, `${place}`)),
            [] as Schedule<TermValue>,
          );
          const last = clocks.length - 1;
          expect(inForceAt(schedule, Math.max(...clocks))?.value).toBe(last);
        },
      ),
    );
  });

  it('changes nothing that held before, nor what holds where nothing was set', () => {
    const step = fc.record({
      aheadMs: fc.option(fc.integer({ min: 0, max: 60 })),
      value: fc.integer({ min: 0, max: 3 }),
      passesMs: fc.integer({ min: 0, max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        let [schedule, nowMs]: [Schedule<TermValue>, number] = [[], 1_000];
        for (const [place, { aheadMs, value, passesMs }] of steps.entries()) {
          nowMs += passesMs;
          const at = aheadMs === null ? null : nowMs + aheadMs;
          const wanted = {
            ...term(value, at, nowMs, `${place}`),
            limits: { ...limits, aheadMax: 99 },
          };
          const next = placed(schedule, wanted);
          for (let moment = 990; moment < (at ?? nowMs); moment += 1) {
            expect(inForceAt(next, moment)?.value).toBe(inForceAt(schedule, moment)?.value);
          }
          expect(inForceAt(next, at ?? nowMs)?.value).toBe(value);
          schedule = next;
        }
      }),
    );
  });
});
