import { z } from 'zod';
import { Id, Name } from './field.js';

/** The broker asks the router whether this identity may connect. Texts are a stranger's, so only bounded. */
export const AdmitWorker = z.strictObject({
  type: z.literal('admit-worker'),
  /** From the path: `global`, or the user whose path was called. */
  pathUsername: z.string().max(256),
  username: z.string().max(256),
  providerName: z.string().max(256),
  clientId: z.string().max(256),
  registrationToken: z.string().max(1024),
});
export type AdmitWorker = z.infer<typeof AdmitWorker>;

/** Why a worker was refused, exactly. For the owner's eyes; a stranger hears `registration rejected`. */
export const RefusalReason = z.enum([
  'unknown_provider',
  'wrong_token',
  'token_expired',
  'token_revoked',
  'scope_mismatch',
  'username_mismatch',
  'client_missing',
  'client_not_allowed',
  'provider_disabled',
  'not_a_worker_provider',
]);
export type RefusalReason = z.infer<typeof RefusalReason>;

export const WorkerVerdict = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('worker-admitted'),
    providerId: Id,
    providerName: Name,
    ownerId: Id,
    username: Name,
    clientId: z.string().min(1).max(128),
    /** Which of the provider's registrations it came with. */
    registrationId: Id.optional(),
  }),
  z.strictObject({
    type: z.literal('worker-refused'),
    /** 401: we do not know you; 403: we do, but not for this. */
    httpStatus: z.literal([401, 403]),
    reason: RefusalReason,
    providerId: Id.nullable(),
  }),
]);
export type WorkerVerdict = z.infer<typeof WorkerVerdict>;
