/** A credential of a hosted provider as it lies in the database. */
export type StoredCredential = Readonly<{
  /** Its form: 3 is an envelope of all a provider's secrets, 2 of a credential, 1 is one without an envelope. */
  version: number;
  /** The installation's key that it is under: its id, in form 1 a fingerprint. */
  keyId: string;
  /** The wrapped data key of forms 2 and 3. */
  dataKey: Uint8Array | null;
  ciphertext: Uint8Array;
}>;

/** Whose it is. A row that is moved to anybody else opens nothing. */
export type CredentialHolder = Readonly<{ ownerId: string; providerId: string }>;

/**
 * The forms that are written: an envelope around a credential, and where headers or parameters go with it one around
 * all of them. Routers that know the first alone go on calling whoever has no more than that.
 */
export const envelopeVersion = 2;
export const templateVersion = 3;
export type WrittenVersion = typeof envelopeVersion | typeof templateVersion;

/**
 * Why a stored credential does not open.
 *
 * - `key_unknown`: the settings name no key of its id
 * - `mismatched`: it belongs to another provider, was changed, or its key's id stands for another key here
 * - `form_unknown`: a later version of the router wrote it
 */
export const credentialTroubles = ['key_unknown', 'mismatched', 'form_unknown'] as const;
export type CredentialTrouble = (typeof credentialTroubles)[number];
