import { randomUUID } from 'node:crypto';

export type FormField = Readonly<{ name: string; value: string }>;
export type FormFile = Readonly<{
  name: string;
  filename: string;
  contentType: string;
  bytes: Buffer;
}>;

/**
 * A form as it is sent. Its files stand in it as they are, and are not copied. Its heads are spelled as browsers spell them: not
 * every engine reads them otherwise.
 */
export class WrittenForm {
  /** Nobody who writes a file knows it. */
  private readonly boundary = `aisbf-${randomUUID()}`;
  readonly pieces: readonly Buffer[];
  /** In bytes. */
  readonly length: number;

  constructor(fields: readonly FormField[], files: readonly FormFile[]) {
    this.pieces = [
      ...fields.map(({ name, value }) => Buffer.from(`${this.head(name)}\r\n\r\n${value}\r\n`)),
      ...files.flatMap((file) => [
        Buffer.from(`${this.fileHead(file)}\r\n\r\n`),
        file.bytes,
        Buffer.from('\r\n'),
      ]),
      Buffer.from(`--${this.boundary}--\r\n`),
    ];
    this.length = this.pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  get contentType(): string {
    return `multipart/form-data; boundary=${this.boundary}`;
  }

  private head(name: string): string {
    return `--${this.boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"`;
  }

  private fileHead({ name, filename, contentType }: FormFile): string {
    const type = /^[\x20-\x7e]{1,255}$/.test(contentType)
      ? contentType
      : 'application/octet-stream';
    return `${this.head(name)}; filename="${quoted(filename)}"\r\nContent-Type: ${type}`;
  }
}

/** As browsers do it: what would end the quotes or the line is percent-encoded. */
function quoted(text: string): string {
  return text.replaceAll(/[\r\n"]/g, (character) => encodeURIComponent(character));
}
