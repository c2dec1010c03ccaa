/** What the crawls over all routes need to call files and batches: forms, and a batch to name. */

export type FormFields = Readonly<Record<string, string | Blob>>;

export function formOf(fields: FormFields): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}

/** A batch of one line, as a file that can be uploaded. */
export function batchFile(model: string): FormFields {
  const body = { model, messages: [{ role: 'user', content: 'Hello!' }] };
  const line = { custom_id: 'one', method: 'POST', url: '/v1/chat/completions', body };
  return { purpose: 'batch', file: new Blob([JSON.stringify(line)]) };
}

export function newBatch(fileId: string) {
  return {
    input_file_id: fileId,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  } as const;
}

/** An id that nobody has. */
export const noFile = `file-${'0'.repeat(32)}`;

type Named = Readonly<{ id: string }>;

/** Somebody's file, and a batch that reads another like it. */
export async function ownBatch(
  marketUrl: string,
  apiToken: string,
  model: string,
): Promise<Readonly<{ file: string; batch: string }>> {
  const send = async (path: string, body: FormData | string): Promise<Named> => {
    const headers = { authorization: `Bearer ${apiToken}` };
    const response = await fetch(`${marketUrl}/v1${path}`, { method: 'POST', headers, body });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text) as Named;
  };
  const read = await send('/files', formOf(batchFile(model)));
  const batch = await send('/batches', JSON.stringify(newBatch(read.id)));
  const file = await send('/files', formOf(batchFile(model)));
  return { file: file.id, batch: batch.id };
}

type Place = Readonly<{ path: Readonly<Record<string, string>> }>;

/** The routes that name a file or a batch, with these ids. */
export function filesNamed({ file, batch }: Readonly<{ file: string; batch: string }>) {
  const [ofFile, ofBatch]: readonly Place[] = [{ path: { id: file } }, { path: { id: batch } }];
  const at = (place: Place | undefined) => () => [place ?? { path: {} }];
  return {
    getFile: at(ofFile),
    getFileContent: at(ofFile),
    deleteFile: at(ofFile),
    getBatch: at(ofBatch),
    cancelBatch: at(ofBatch),
  };
}
