import { nanos, type Prices, unitKinds } from '@aisbf/money';
import fc from 'fast-check';
import type { Change, Schedule } from '../src/domain/schedule.js';

/** The moment at which random markets are looked at. */
export const nowMs = 1_000_000;

/** Around it, so that what begins exactly then is common. */
export const moments = fc.constantFrom(1, nowMs - 10, nowMs - 1, nowMs, nowMs + 1, nowMs + 10);

const price = fc.option(
  fc.bigInt({ min: 0n, max: 1_000_000_000n }).map((value) => nanos(value)),
  { nil: undefined },
);

/** Of all kinds of units, mostly some. */
export const prices = fc
  .tuple(...unitKinds.map((kind) => price.map((one) => [kind, one] as const)))
  .map((all): Prices => Object.fromEntries(all.filter(([, one]) => one !== undefined)));

export const ownFee = fc.option(fc.integer({ min: 0, max: 10_000 }));

export function scheduleOf<Value>(
  value: fc.Arbitrary<Value>,
  minLength = 0,
): fc.Arbitrary<Schedule<Value>> {
  return fc
    .array(fc.record({ value, validFromMs: moments }), { minLength, maxLength: 4 })
    .map((all) =>
      all
        .toSorted((left, right) => left.validFromMs - right.validFromMs)
        .map((one, place) => ({ ...one, id: `${place}`, setAtMs: 1, setBy: null })),
    );
}

/** What holds at a moment, by going through all that was set: the later of those that have begun. */
export function holdingAt<Value>(schedule: Schedule<Value>, atMs: number): Value | undefined {
  let holding: Change<Value> | undefined;
  for (const change of schedule) {
    if (change.validFromMs > atMs) continue;
    if (!holding || change.validFromMs >= holding.validFromMs) holding = change;
  }
  return holding?.value;
}
