declare const nanosBrand: unique symbol;

/** An amount of money in nano-dollars (1 USD = 1 000 000 000). Never a float, never negative. */
export type Nanos = bigint & { readonly [nanosBrand]: true };

/** The largest amount the ledger's BIGINT columns hold. */
export const nanosMax = 9_223_372_036_854_775_807n;

/** Accepts an amount into the type; a negative or unstorable one is a bug of the caller. */
export function nanos(value: bigint): Nanos {
  if (value < 0n || value > nanosMax) throw new RangeError(`not an amount of money: ${value}`);
  return value as Nanos;
}

export const zeroNanos = nanos(0n);

/** Reads an amount as it stands on the wire: a decimal string of whole nano-dollars. */
export function parseNanos(text: string): Nanos {
  if (!/^\d{1,19}$/.test(text)) throw new RangeError('not an amount of money');
  return nanos(BigInt(text));
}

/** Writes an amount for people, exactly: `0.000000200`. */
export function formatUsd(amount: Nanos): string {
  const digits = amount.toString().padStart(10, '0');
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
}
