import type { FileObject, StoredFile } from '@aisbf/contracts';

/** A file as OpenAI's clients know it. */
export function toFileObject(file: StoredFile): FileObject {
  return {
    id: file.fileId,
    object: 'file',
    bytes: file.bytes,
    created_at: file.createdAtS,
    expires_at: file.expiresAtS,
    filename: file.filename,
    purpose: file.purpose,
    status: 'processed',
  };
}

/** One of OpenAI's lists. */
export function toPage<Item extends Readonly<{ id: string }>>(
  data: readonly Item[],
  hasMore: boolean,
) {
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: hasMore,
  } as const;
}
