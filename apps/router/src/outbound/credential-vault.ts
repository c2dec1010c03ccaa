import {
  type KeyRing,
  type NamedKey,
  openEnvelope,
  rewrapEnvelope,
  sealEnvelope,
} from '@aisbf/secrets';
import {
  type CredentialHolder,
  type CredentialTrouble,
  envelopeVersion,
  type StoredCredential,
  templateVersion,
  type WrittenVersion,
} from '../domain/stored-credential.js';
import { fingerprintOf, openDirectly } from './direct-credential.js';

export type Opened =
  | Readonly<{ kind: 'opened'; credential: string }>
  | Readonly<{ kind: 'unreadable'; trouble: CredentialTrouble }>;

export type Rewrapped =
  | Readonly<{ kind: 'rewrapped'; stored: StoredCredential }>
  | Readonly<{ kind: 'unreadable'; trouble: CredentialTrouble }>;

/** Encrypts the credentials of hosted providers, and opens them, with the keys that the settings name. */
export class CredentialVault {
  /** The keys by the marks that rows of form 1 carry. */
  private readonly byFingerprint: ReadonlyMap<string, NamedKey>;

  constructor(private readonly keys: KeyRing) {
    this.byFingerprint = new Map(
      [...keys.byId].map(([id, key]) => [fingerprintOf(key), { id, key }]),
    );
  }

  get currentKeyId(): string {
    return this.keys.current.id;
  }

  /** All that the settings name, the current one first. */
  get keyIds(): readonly string[] {
    return [...this.keys.byId.keys()];
  }

  seal(
    credential: string,
    holder: CredentialHolder,
    version: WrittenVersion = envelopeVersion,
  ): StoredCredential {
    const context = contextOf(holder, version);
    const envelope = sealEnvelope({ bytes: Buffer.from(credential), context }, this.keys);
    return {
      version,
      keyId: envelope.keyId,
      dataKey: envelope.wrappedKey,
      ciphertext: envelope.ciphertext,
    };
  }

  open(stored: StoredCredential, holder: CredentialHolder): Opened {
    if (stored.version === 1) return this.openOfForm1(stored, holder);
    const envelope = envelopeOf(stored);
    if (envelope === undefined) return unreadable('form_unknown');
    const opened = openEnvelope(envelope, contextOf(holder, stored.version), this.keys);
    if (typeof opened === 'string') return unreadable(opened);
    return { kind: 'opened', credential: opened.toString('utf8') };
  }

  /** The same credential under the current key. Only from form 1 does this need the credential itself. */
  rewrap(stored: StoredCredential, holder: CredentialHolder): Rewrapped {
    if (stored.version === 1) {
      const opened = this.openOfForm1(stored, holder);
      if (opened.kind === 'unreadable') return opened;
      return { kind: 'rewrapped', stored: this.seal(opened.credential, holder) };
    }
    const envelope = envelopeOf(stored);
    if (envelope === undefined) return unreadable('form_unknown');
    const rewrapped = rewrapEnvelope(envelope, contextOf(holder, stored.version), this.keys);
    if (typeof rewrapped === 'string') return unreadable(rewrapped);
    const { keyId, wrappedKey: dataKey } = rewrapped;
    return { kind: 'rewrapped', stored: { ...stored, keyId, dataKey } };
  }

  /** The id of the key that a row is under, whatever its form; undefined where the settings name no such key. */
  keyIdOf({ version, keyId }: Pick<StoredCredential, 'version' | 'keyId'>): string | undefined {
    if (version === 1) return this.byFingerprint.get(keyId)?.id;
    return this.keys.byId.has(keyId) ? keyId : undefined;
  }

  private openOfForm1({ keyId, ciphertext }: StoredCredential, holder: CredentialHolder): Opened {
    const named = this.byFingerprint.get(keyId);
    if (named === undefined) return unreadable('key_unknown');
    const credential = openDirectly(ciphertext, holder, named.key);
    return credential === undefined ? unreadable('mismatched') : { kind: 'opened', credential };
  }
}

function envelopeOf({ version, keyId, dataKey, ciphertext }: StoredCredential) {
  const isKnown = version === envelopeVersion || version === templateVersion;
  if (!isKnown || dataKey === null) return undefined;
  return { keyId, wrappedKey: dataKey, ciphertext };
}

function unreadable(trouble: CredentialTrouble) {
  return { kind: 'unreadable', trouble } as const;
}

/** What a credential is bound to. As JSON, so that no two holders read the same. */
function contextOf({ ownerId, providerId }: CredentialHolder, version: number): string {
  return JSON.stringify(['aisbf credential', version, ownerId, providerId]);
}
