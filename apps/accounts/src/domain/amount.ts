import { type Nanos, nanosMax, parseNanos } from '@aisbf/money';
import { faults } from './faults.js';

/** An amount that somebody has named, whose form its door has checked. */
export function amountOf(text: string, most: bigint = nanosMax): Nanos {
  if (BigInt(text) > most) throw faults.AMOUNT_TOO_LARGE();
  return parseNanos(text);
}
