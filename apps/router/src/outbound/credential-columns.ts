import type { UnreadableCredential } from '../credential-events.js';
import type { StoredCredential } from '../domain/stored-credential.js';
import type { CredentialVault } from './credential-vault.js';

/** The columns of `provider` that a credential lies in. */
export type CredentialColumns = Readonly<{
  credential_ciphertext: Uint8Array | null;
  credential_version: number;
  credential_data_key: Uint8Array | null;
  credential_key_id: string | null;
}>;

type OwnedRow = CredentialColumns & Readonly<{ id: string; owner_id: string }>;

/** Null where the provider has none. */
export function fromCredentialColumns(row: CredentialColumns): StoredCredential | null {
  const { credential_ciphertext: ciphertext, credential_key_id: keyId } = row;
  if (ciphertext === null || keyId === null) return null;
  const { credential_version: version, credential_data_key: dataKey } = row;
  return { version, keyId, dataKey, ciphertext };
}

/** As Prisma writes them. */
export function toCredentialColumns(stored: StoredCredential | null) {
  if (stored === null) return noCredential;
  const { version, keyId, dataKey, ciphertext } = stored;
  return {
    credentialVersion: version,
    credentialKeyId: keyId,
    credentialDataKey: dataKey && Uint8Array.from(dataKey),
    credentialCiphertext: Uint8Array.from(ciphertext),
  };
}

/** A row without one has the form that the table's own default gives it. */
const noCredential = {
  credentialVersion: 1,
  credentialKeyId: null,
  credentialDataKey: null,
  credentialCiphertext: null,
} as const;

/** Opens the credentials of one look at the catalogue, and notes those that do not open. */
export class CredentialReading {
  readonly unreadable: UnreadableCredential[] = [];

  constructor(private readonly vault: CredentialVault) {}

  /** Null where the credential does not open: this provider cannot be called, all others can. */
  headersOf(row: OwnedRow): Readonly<Record<string, string>> | null {
    const stored = fromCredentialColumns(row);
    if (stored === null) return {};
    const opened = this.vault.open(stored, { ownerId: row.owner_id, providerId: row.id });
    if (opened.kind === 'opened') return { authorization: `Bearer ${opened.credential}` };
    const { trouble } = opened;
    this.unreadable.push({ providerId: row.id, keyId: stored.keyId, trouble });
    return null;
  }
}
