import { isObject, type JsonBody } from '@aisbf/openai';
import { decrypt, encrypt } from '@aisbf/secrets';

/** A response, and the items that have led to it: those of earlier turns first. */
export type StoredResponse = Readonly<{ input: readonly JsonBody[]; response: JsonBody }>;

/** Encrypts it under the buyer's own API token: whoever keeps it cannot read it. */
export function sealResponse(stored: StoredResponse, id: string, apiToken: string): string {
  const bytes = Buffer.from(JSON.stringify(stored));
  return encrypt({ bytes, context: id }, apiToken).toString('base64');
}

/** Undefined where it is another token's, though it may be the same owner's. */
export function openResponse(
  sealed: string,
  id: string,
  apiToken: string,
): StoredResponse | undefined {
  const bytes = decrypt({ bytes: Buffer.from(sealed, 'base64'), context: id }, apiToken);
  // What opens was sealed here: nobody else has the token.
  return bytes && (JSON.parse(bytes.toString()) as StoredResponse);
}

/** What was said up to here, as the input of the next turn. */
export function conversationOf({ input, response }: StoredResponse): readonly JsonBody[] {
  const output: readonly unknown[] = Array.isArray(response.output) ? response.output : [];
  return [...input, ...output.filter(isObject).flatMap(toInput)];
}

/**
 * An item of an answer as part of a question. Its id means nothing to an upstream that was asked to keep nothing, and a
 * thought can be read again only by whoever has encrypted it.
 */
function toInput(item: JsonBody): readonly JsonBody[] {
  const { id: _id, status: _status, ...rest } = item;
  if (item.type !== 'reasoning') return [rest];
  return typeof item.encrypted_content === 'string' ? [item] : [];
}
