import type { StoredBytes } from './stored-bytes.js';

/** A text of a form. */
export type FormField = Readonly<{ kind: 'field'; name: string; value: string }>;

/** A file of a form, which can be read as often as it has to be sent. */
export type FormFile = StoredBytes &
  Readonly<{
    kind: 'file';
    name: string;
    filename: string;
    contentType: string;
    open: () => AsyncIterable<Uint8Array>;
  }>;

export type FormPart = FormField | FormFile;

/** What came as `multipart/form-data`, in its order. */
export type Form = Readonly<{
  parts: readonly FormPart[];
  /** Stands between its parts where it is written anew. Nobody else knows it, so that no file holds it. */
  boundary: string;
  /** The same for the same names, texts and bytes only; made where the form has come under an idempotency key. */
  digest?: string;
}>;

/** `image[]` is one of several under `image`. */
export function baseName(name: string): string {
  return name.replace(/\[\]$/, '');
}

export function filesOf({ parts }: Form): readonly FormFile[] {
  return parts.filter((part) => part.kind === 'file');
}

/** Writes a form anew, a piece at a time. */
export async function* writeForm(
  parts: readonly FormPart[],
  boundary: string,
): AsyncIterable<Uint8Array> {
  for (const part of parts) {
    yield Buffer.from(headOf(part, boundary));
    if (part.kind === 'field') yield Buffer.from(part.value);
    else yield* part.open();
    yield Buffer.from('\r\n');
  }
  yield Buffer.from(endOf(boundary));
}

/** How many bytes that will be. */
export function formLength(parts: readonly FormPart[], boundary: string): number {
  const lengths = parts.map((part) => {
    const content = part.kind === 'field' ? Buffer.byteLength(part.value) : part.bytes;
    return Buffer.byteLength(headOf(part, boundary)) + content + '\r\n'.length;
  });
  return lengths.reduce((sum, length) => sum + length, endOf(boundary).length);
}

function headOf(part: FormPart, boundary: string): string {
  const name = `--${boundary}\r\ncontent-disposition: form-data; name="${quoted(part.name)}"`;
  if (part.kind === 'field') return `${name}\r\n\r\n`;
  const { filename, contentType } = part;
  return `${name}; filename="${quoted(filename)}"\r\ncontent-type: ${plain(contentType)}\r\n\r\n`;
}

function endOf(boundary: string): string {
  return `--${boundary}--\r\n`;
}

/** As browsers do it: what would end the quotes or the line is percent-encoded. */
function quoted(text: string): string {
  return text.replaceAll(/[\r\n"]/g, (character) => encodeURIComponent(character));
}

function plain(contentType: string): string {
  return /^[\x20-\x7e]{1,255}$/.test(contentType) ? contentType : 'application/octet-stream';
}
