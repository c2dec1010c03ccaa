import { z } from 'zod';
import { Id } from './field.js';

/** A place in the order of all changes of access; they become visible in this order. */
export const AccessRevision = z.int().min(0);

/** A change after which somebody may do less, or something else, than before. */
export const AccessChange = z.strictObject({
  revision: AccessRevision,
  /** What changed: the API token, the session or the user of this id. */
  subject: Id,
});
export type AccessChange = z.infer<typeof AccessChange>;

/**
 * A process that remembers who may do what says which revision it serves, and asks for the leave to go on
 * doing so. That leave ends `AISBF_ACCESS_LEASE_MS` after this question was sent, by the asker's own clock.
 */
export const RenewAccess = z.strictObject({
  type: z.literal('renew-access'),
  verifierId: z.string().min(1).max(128),
  /** Null from one that knows nothing yet, and remembers nothing. */
  revision: AccessRevision.nullable(),
});
export type RenewAccess = z.infer<typeof RenewAccess>;

/** What has changed since. Where `isComplete` is false there is more than is told: forget everything. */
export const AccessRenewed = z.strictObject({
  revision: AccessRevision,
  changes: z.array(AccessChange).max(1_000),
  isComplete: z.boolean(),
});
export type AccessRenewed = z.infer<typeof AccessRenewed>;

/** A process that remembered is leaving: nobody need wait for it. */
export const LeaveAccess = z.strictObject({
  type: z.literal('leave-access'),
  verifierId: z.string().min(1).max(128),
});
export type LeaveAccess = z.infer<typeof LeaveAccess>;

/** Whoever remembers something should ask at once. A hint: one that is lost costs a quarter of a second. */
export const AccessChanged = z.strictObject({ type: z.literal('access-changed') });
export type AccessChanged = z.infer<typeof AccessChanged>;

/** The public halves of the keys that access tokens are signed with, as RFC 7517 writes them. */
export const GetAccessKeys = z.strictObject({ type: z.literal('get-access-keys') });
export type GetAccessKeys = z.infer<typeof GetAccessKeys>;
export const AccessKeys = z.object({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })).max(64),
});
export type AccessKeys = z.infer<typeof AccessKeys>;

/** For whom access tokens are made, and by whom. */
export const accessTokenIssuer = 'aisbf-accounts';
export const accessTokenAudience = 'aisbf';
