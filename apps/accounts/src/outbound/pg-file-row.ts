import { FilePurpose, type StoredFile } from '@aisbf/contracts';

export type FileRow = {
  id: string;
  purpose: string;
  filename: string;
  bytes: string;
  key_id: string;
  wrapped_key: Buffer;
  created_at: Date;
  expires_at: Date;
};

export const fileColumns =
  'id, purpose, filename, bytes, key_id, wrapped_key, created_at, expires_at';

export function fromFileRow(row: FileRow): StoredFile {
  return {
    fileId: row.id,
    purpose: FilePurpose.parse(row.purpose),
    filename: row.filename,
    bytes: Number(row.bytes),
    key: { keyId: row.key_id, wrappedKey: row.wrapped_key.toString('base64') },
    createdAtS: toSeconds(row.created_at),
    expiresAtS: toSeconds(row.expires_at),
  };
}

function toSeconds(time: Date): number {
  return Math.floor(time.getTime() / 1_000);
}
