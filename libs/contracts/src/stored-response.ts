import { z } from 'zod';
import { ClientAddress, Name } from './field.js';

/** A response's id: that of its request, under another beginning. */
export const ResponseId = z.string().regex(/^resp_[0-9a-f]{32}$/);
export type ResponseId = z.infer<typeof ResponseId>;

/** Encrypted under the API token that it was given to, in base64: 6 MB of one. */
const SealedResponse = z.base64().max(8_388_608);

const asked = {
  apiToken: z.string().min(1).max(256),
  pathUsername: Name.nullable(),
  clientAddress: ClientAddress.nullable(),
  id: ResponseId,
};

/** Asks accounts for a response of whoever holds this API token. */
export const FindResponse = z.strictObject({ type: z.literal('find-response'), ...asked });
export type FindResponse = z.infer<typeof FindResponse>;

/** Null where there is none, or it is somebody else's. */
export const FoundResponse = z.strictObject({ response: SealedResponse.nullable() });
export type FoundResponse = z.infer<typeof FoundResponse>;

export const KeepResponse = z.strictObject({
  type: z.literal('keep-response'),
  ...asked,
  response: SealedResponse,
});
export type KeepResponse = z.infer<typeof KeepResponse>;

export const ForgetResponse = z.strictObject({ type: z.literal('forget-response'), ...asked });
export type ForgetResponse = z.infer<typeof ForgetResponse>;

export const ForgottenResponse = z.strictObject({ isForgotten: z.boolean() });
export type ForgottenResponse = z.infer<typeof ForgottenResponse>;
