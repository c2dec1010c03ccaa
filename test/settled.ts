import type { Receipt } from '@aisbf/contracts';
import type { TokenPrices } from '@aisbf/one-machine';
import type { MarketUnderTest, TestBuyer } from '@aisbf/testkit';
import { expect } from '@jest/globals';
import { costOf } from './price.js';

/** The receipt of a request that was served to its end, whose charge is what its units cost. */
export async function settledReceipt(
  market: MarketUnderTest,
  buyer: TestBuyer,
  requestId: string | null | undefined,
  prices: TokenPrices,
): Promise<Receipt> {
  const receipt = await market.receipt(buyer, requestId ?? '');
  expect(receipt).toMatchObject({ state: 'settled', outcome: 'completed' });
  expect(BigInt(receipt.charge)).toBe(costOf(receipt.units, prices));
  return receipt;
}
