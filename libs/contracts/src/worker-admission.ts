import { z } from 'zod';
import { RegistrationRevoked } from './fact-event.js';
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

/**
 * The broker asks the router about workers that are connected: whose right to be has ended, whether or not
 * that was heard when it happened?
 */
export const CheckWorkers = z.strictObject({
  type: z.literal('check-workers'),
  workers: z
    .array(
      z.strictObject({
        providerId: Id,
        clientId: z.string().min(1).max(128),
        /** Null where it is not known; then only the provider and the client are looked at. */
        registrationId: Id.nullable(),
      }),
    )
    .max(1000),
});
export type CheckWorkers = z.infer<typeof CheckWorkers>;

/** Each entry is what the router would have announced. */
export const CheckedWorkers = z.strictObject({
  type: z.literal('checked-workers'),
  ended: z.array(RegistrationRevoked).max(1000),
});
export type CheckedWorkers = z.infer<typeof CheckedWorkers>;
