import { decrypt, encrypt } from '@aisbf/secrets';

/** A whole answer as the buyer had it. */
export type WholeAnswer = Readonly<{
  status: number;
  contentType: string;
  provider: string;
  attempts: number;
  route?: string;
  fallbackFrom?: string;
  body: Uint8Array;
}>;

/** Stands before the body, on a line of its own. */
type Head = Omit<WholeAnswer, 'body'>;

const lineFeed = 10;

/** Encrypts an answer under the buyer's own API token: whoever keeps it cannot read it. */
export function sealAnswer(
  { body, ...head }: WholeAnswer,
  requestId: string,
  apiToken: string,
): string {
  const bytes = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body]);
  return encrypt({ bytes, context: requestId }, apiToken).toString('base64');
}

/** Undefined where it is another token's, though it may be the same owner's. */
export function openAnswer(
  sealed: string,
  requestId: string,
  apiToken: string,
): WholeAnswer | undefined {
  const bytes = decrypt({ bytes: Buffer.from(sealed, 'base64'), context: requestId }, apiToken);
  const end = bytes?.indexOf(lineFeed) ?? -1;
  if (!bytes || end < 0) return undefined;
  // What opens was sealed here: nobody else has the token.
  const head = JSON.parse(bytes.subarray(0, end).toString()) as Head;
  return { ...head, body: bytes.subarray(end + 1) };
}
