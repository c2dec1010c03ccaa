import type { FormPart } from '@aisbf/broker-protocol';

/** No endpoint takes so many; each costs a search. */
const partsMax = 256;
const headBytesMax = 4_096;
const lineEnd = Buffer.from('\r\n');
const headEnd = Buffer.from('\r\n\r\n');
const dash = 0x2d;

/** Undefined where the content type is not a form's. */
export function boundaryOf(contentType: string): string | undefined {
  if (!/^multipart\/form-data\s*;/i.test(contentType)) return undefined;
  const [, quoted, plain] =
    /;\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? [];
  return quoted ?? plain;
}

/** Takes a form apart without copying its files; undefined where it is not one. */
export function readForm(body: Buffer, boundary: string): readonly FormPart[] | undefined {
  const parts: FormPart[] = [];
  const border = Buffer.from(`\r\n--${boundary}`);
  // The first border stands at the very start, without the line end before it.
  if (body.indexOf(border.subarray(2)) !== 0) return undefined;
  let at = border.length - 2;
  while (!(body[at] === dash && body[at + 1] === dash)) {
    const end = body.indexOf(border, at);
    const part = end === -1 ? undefined : readPart(body.subarray(at, end));
    if (!part || parts.length === partsMax) return undefined;
    parts.push(part);
    at = end + border.length;
  }
  return parts;
}

/** From the line end after its border to its last byte. */
function readPart(bytes: Buffer): FormPart | undefined {
  const end = bytes.subarray(0, headBytesMax).indexOf(headEnd);
  if (end === -1 || bytes.indexOf(lineEnd) !== 0) return undefined;
  const head = bytes.toString('utf8', 0, end);
  const disposition = /^content-disposition:\s*form-data\s*(;.*)$/im.exec(head)?.[1] ?? '';
  const name = parameter(disposition, 'name');
  if (name === undefined) return undefined;
  return {
    name,
    filename: parameter(disposition, 'filename'),
    contentType: /^content-type:\s*([\x20-\x7e]{1,255})$/im.exec(head)?.[1]?.trim(),
    bytes: bytes.subarray(end + headEnd.length),
  };
}

function parameter(disposition: string, name: string): string | undefined {
  const found = new RegExp(`;\\s*${name}="((?:[^"\\\\]|\\\\.)*)"`, 'i').exec(disposition)?.[1];
  return found?.replace(/\\(["\\])/g, '$1').replaceAll('%22', '"');
}
