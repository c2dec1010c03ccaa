import { z } from 'zod';
import { ClientAddress, Name, RequestId } from './field.js';

/** What a buyer calls one request by, so that a repeat of it is known for one. */
export const Idempotency = z.strictObject({
  key: z.string().regex(/^[\x20-\x7e]{1,255}$/, '1 to 255 printable ASCII characters'),
  /** SHA-256 of what was asked for. */
  bodyHash: z.string().regex(/^[0-9a-f]{64}$/),
});
export type Idempotency = z.infer<typeof Idempotency>;

/** Asks accounts what is known of a key of whoever holds this API token. */
export const FindAnswer = z.strictObject({
  type: z.literal('find-answer'),
  apiToken: z.string().min(1).max(256),
  pathUsername: Name.nullable().default(null),
  clientAddress: ClientAddress.nullable().default(null),
  ...Idempotency.shape,
});
export type FindAnswer = z.infer<typeof FindAnswer>;

/** An encrypted answer in base64: 6 MB of one. */
const SealedAnswer = z.base64().max(8_388_608);

export const FoundAnswer = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('unknown') }),
  /** Another body was sent under this key. */
  z.strictObject({ state: z.literal('reused') }),
  z.strictObject({ state: z.literal('running') }),
  z.strictObject({
    state: z.literal('ended'),
    requestId: RequestId,
    /** Null where none was kept: there is a receipt. */
    answer: SealedAnswer.nullable(),
  }),
]);
export type FoundAnswer = z.infer<typeof FoundAnswer>;

/** Keeps the answer of a request that was admitted under a key. */
export const KeepAnswer = z.strictObject({
  type: z.literal('keep-answer'),
  requestId: RequestId,
  answer: SealedAnswer,
});
export type KeepAnswer = z.infer<typeof KeepAnswer>;
