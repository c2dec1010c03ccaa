import { z } from 'zod';
import { Id } from './field.js';

/**
 * What browsers and we tell each other of passkeys (WebAuthn, in the JSON of its third level). Names are theirs.
 * What browsers send is read leniently: they say more with each release.
 */

/** Base64url without padding. Attestations hold a key, never certificates: a few kilobytes. */
const bytesText = (charactersMax: number) =>
  z
    .string()
    .min(1)
    .max(charactersMax)
    .regex(/^[\w-]+$/, 'base64url');
const CredentialId = bytesText(1_400);
const Transports = z.array(z.string().max(32)).max(16);

const credential = {
  id: CredentialId,
  rawId: CredentialId,
  type: z.literal('public-key'),
  authenticatorAttachment: z.enum(['platform', 'cross-platform']).nullish(),
  clientExtensionResults: z.record(z.string().max(64), z.unknown()).default({}),
};

/** What `navigator.credentials.create()` gave, by its `toJSON()`. */
const NewCredential = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: bytesText(8_192),
    attestationObject: bytesText(16_384),
    transports: Transports.optional(),
  }),
});

/** What `navigator.credentials.get()` gave. */
const SignedChallenge = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: bytesText(8_192),
    authenticatorData: bytesText(8_192),
    signature: bytesText(2_048),
    userHandle: bytesText(128).nullish(),
  }),
});

export const AddPasskey = z.strictObject({
  /** What its owner calls it. */
  name: z.string().trim().min(1).max(100).optional(),
  response: NewCredential,
});
export const SignInWithPasskey = z.strictObject({ response: SignedChallenge });
export const DeletePasskey = z.strictObject({ id: Id });

const KnownCredential = z.object({
  id: z.string(),
  type: z.string(),
  transports: z.array(z.string()).optional(),
});

/** For `navigator.credentials.create()`, by `PublicKeyCredential.parseCreationOptionsFromJSON()`. */
export const PasskeyCreation = z.object({
  challenge: z.string(),
  rp: z.object({ name: z.string(), id: z.string() }),
  user: z.object({ id: z.string(), name: z.string(), displayName: z.string() }),
  pubKeyCredParams: z.array(z.object({ type: z.string(), alg: z.int() })),
  timeout: z.int(),
  attestation: z.string(),
  excludeCredentials: z.array(KnownCredential),
  authenticatorSelection: z.object({
    residentKey: z.string(),
    requireResidentKey: z.boolean(),
    userVerification: z.string(),
  }),
  extensions: z.record(z.string(), z.unknown()).optional(),
});

/** For `navigator.credentials.get()`, by `PublicKeyCredential.parseRequestOptionsFromJSON()`. */
export const PasskeyChallenge = z.object({
  challenge: z.string(),
  rpId: z.string(),
  timeout: z.int(),
  userVerification: z.string(),
  allowCredentials: z.array(KnownCredential).optional(),
});

/** One of one's passkeys; its public key is nobody's to see. */
export const Passkey = z.object({
  id: Id,
  name: z.string().nullish(),
  /** Whether it lives on one device, or is kept in step between several. */
  deviceType: z.enum(['singleDevice', 'multiDevice']),
  backedUp: z.boolean(),
  /** The make of the authenticator; zeros where it does not say. */
  aaguid: z.string().nullish(),
  createdAt: z.iso.datetime(),
});
export const Passkeys = z.array(Passkey);
