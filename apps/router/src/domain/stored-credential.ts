/** A credential of a hosted provider as it lies in the database. */
export type StoredCredential = Readonly<{
  /** Its form: 2 is an envelope, 1 was encrypted with the installation's key itself. */
  version: number;
  /** The installation's key that it is under: its id, in form 1 a fingerprint. */
  keyId: string;
  /** The wrapped data key of form 2. */
  dataKey: Uint8Array | null;
  ciphertext: Uint8Array;
}>;

/** Whose it is. A row that is moved to anybody else opens nothing. */
export type CredentialHolder = Readonly<{ ownerId: string; providerId: string }>;

/** The form that is written. */
export const envelopeVersion = 2;

/**
 * Why a stored credential does not open.
 *
 * - `key_unknown`: the settings name no key of its id
 * - `mismatched`: it belongs to another provider, was changed, or its key's id stands for another key here
 * - `form_unknown`: a later version of the router wrote it
 */
export const credentialTroubles = ['key_unknown', 'mismatched', 'form_unknown'] as const;
export type CredentialTrouble = (typeof credentialTroubles)[number];
