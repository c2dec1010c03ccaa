import { type Nanos, nanos, nanosMax } from './nanos.js';

/** A decimal number as people and JSON write it. The bounds keep what is computed with it small. */
const decimal = /^(\d{1,20})(?:\.(\d{0,40}))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * Reads an amount in US dollars, exactly: no float is made of it. What is less than a nano-dollar is cut off. Undefined
 * where it is no amount, or more than the ledger can hold.
 */
export function parseUsd(text: string): Nanos | undefined {
  const parts = decimal.exec(text);
  if (!parts) return undefined;
  const [, whole = '', fraction = '', exponent = '0'] = parts;
  const shift = Number(exponent) - fraction.length + 9;
  const digits = BigInt(whole + fraction);
  const value = shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift);
  return value > nanosMax ? undefined : nanos(value);
}
