import type { UnreadableCredential } from '../credential-events.js';
import { type HostedSecrets, hasTemplate, noSecrets } from '../domain/hosted-secrets.js';
import {
  type CredentialHolder,
  type CredentialTrouble,
  type StoredCredential,
  templateVersion,
} from '../domain/stored-credential.js';
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

  /** Null where what is stored does not open: this provider cannot be called, all others can. */
  secretsOf(row: OwnedRow): HostedSecrets | null {
    const opened = openSecrets(row, this.vault);
    if (!('trouble' in opened)) return opened;
    const { id: providerId, credential_key_id: keyId } = row;
    this.unreadable.push({ providerId, keyId: keyId ?? '', trouble: opened.trouble });
    return null;
  }
}

/** What is stored of a provider's secrets, or why it does not open. */
export function openSecrets(
  row: OwnedRow,
  vault: CredentialVault,
): HostedSecrets | Readonly<{ trouble: CredentialTrouble }> {
  const stored = fromCredentialColumns(row);
  if (stored === null) return noSecrets;
  const opened = vault.open(stored, { ownerId: row.owner_id, providerId: row.id });
  if (opened.kind === 'unreadable') return { trouble: opened.trouble };
  if (stored.version !== templateVersion) return { ...noSecrets, credential: opened.credential };
  // Nobody but a router can have written what opens under its keys.
  return JSON.parse(opened.credential) as HostedSecrets;
}

/** Null where there is nothing to keep. */
export function sealSecrets(
  secrets: HostedSecrets,
  holder: CredentialHolder,
  vault: CredentialVault,
): StoredCredential | null {
  const { credential, headers, query } = secrets;
  if (hasTemplate(secrets)) {
    return vault.seal(JSON.stringify({ credential, headers, query }), holder, templateVersion);
  }
  return credential === null ? null : vault.seal(credential, holder);
}
