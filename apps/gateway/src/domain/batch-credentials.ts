import { BatchId } from '@aisbf/contracts';
import type { SealedSeries } from '@aisbf/secrets';
import type { BuyerPlace } from './buyer-place.js';

/** Whom a batch's lines run for: the API token that made it, from where it did, and what names mean there. */
export type BatchCredentials = Readonly<{
  apiToken: string;
  pathUsername: string | null;
  clientAddress: string;
  place: BuyerPlace;
}>;

/** Lines are counted from 1. */
const beforeLines = { position: 0 };

export function sealCredentials(
  { apiToken, pathUsername, clientAddress, place }: BatchCredentials,
  series: SealedSeries,
): string {
  const text = JSON.stringify({ apiToken, pathUsername, clientAddress, place });
  return series.seal(Buffer.from(text), beforeLines).toString('base64');
}

/** Undefined where they are not those of this batch. */
export function openCredentials(
  sealed: string,
  series: SealedSeries,
): BatchCredentials | undefined {
  const bytes = series.unseal(Buffer.from(sealed, 'base64'), beforeLines);
  // What opens was sealed here: nobody else has the key.
  return bytes && (JSON.parse(bytes.toString()) as BatchCredentials);
}

export function isBatchId(text: string): text is BatchId {
  return BatchId.safeParse(text).success;
}
