import { type Nanos, nanos } from './nanos.js';

const nanosPerCent = 10_000_000n;

/** The cents of an amount, exactly; undefined where it is not a whole number of them. */
export function toCents(amount: Nanos): number | undefined {
  const cents = amount / nanosPerCent;
  const isExact = amount % nanosPerCent === 0n && cents <= BigInt(Number.MAX_SAFE_INTEGER);
  return isExact ? Number(cents) : undefined;
}

/** What cents are worth. Anything but a storable whole number of them is a bug of the caller. */
export function fromCents(cents: number): Nanos {
  if (!Number.isSafeInteger(cents)) throw new RangeError(`not a number of cents: ${cents}`);
  return nanos(BigInt(cents) * nanosPerCent);
}
