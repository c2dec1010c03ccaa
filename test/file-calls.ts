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

type Named = Readonly<{ id: string }>;

/** Somebody's file, a batch, and the file that it reads. */
export type OwnFiles = Readonly<{ file: string; batch: string; input: string }>;
export async function ownFiles(
  marketUrl: string,
  apiToken: string,
  model: string,
): Promise<OwnFiles> {
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
  return { file: file.id, batch: batch.id, input: read.id };
}

/** What names somebody's files and batches, or would read them, and how that ends for anybody else. */
export function foreignFiles(of: () => OwnFiles) {
  const ofFile = () => [{ path: { id: of().file } }];
  const ofBatch = () => [{ path: { id: of().batch } }];
  return {
    ...{ getFile: ofFile, getFileContent: ofFile, deleteFile: ofFile },
    ...{ getBatch: ofBatch, cancelBatch: ofBatch },
    createBatch: () => [{ body: newBatch(of().input), statuses: [400] }],
    createFile: () => [{ form: { ...batchFile('m'), purpose: 'none' }, statuses: [400] }],
  };
}

/** The same calls about one's own, where they are any of these. */
export function ownFileCall(operationId: string, own: OwnFiles) {
  const calls: Readonly<Record<string, object>> = {
    createFile: { body: undefined, form: batchFile('m') },
    createBatch: { body: newBatch(own.input) },
    // It may be over by then.
    cancelBatch: { body: undefined, path: { id: own.batch }, statuses: [200, 409] },
    getBatch: { path: { id: own.batch } },
    ...Object.fromEntries(
      ['getFile', 'getFileContent', 'deleteFile'].map((name) => [name, { path: { id: own.file } }]),
    ),
  };
  return calls[operationId] ?? {};
}

/** One call of each, in an order in which each finds what it needs. */
export function fileCalls(
  token: () => string,
  made: () => Readonly<Record<string, string>>,
  untilUnread: () => Promise<unknown>,
) {
  const ofFile = () => ({ token: token(), path: { id: made().file ?? '' } });
  const ofBatch = () => ({ token: token(), path: { id: made().batch ?? '' } });
  return {
    createFile: () => ({ token: token(), form: batchFile('sams/demo-small') }),
    listFiles: () => ({ token: token(), query: { limit: '5', purpose: 'batch' } }),
    getFile: ofFile,
    getFileContent: ofFile,
    createBatch: () => ({ token: token(), body: newBatch(made().file ?? '') }),
    listBatches: () => ({ token: token(), query: { limit: '5' } }),
    getBatch: ofBatch,
    cancelBatch: ofBatch,
    // Not while a batch reads it.
    deleteFile: async () => {
      await untilUnread();
      return ofFile();
    },
  };
}
