import type { Readable } from 'node:stream';

/** The whole body, or undefined where it is larger than allowed; then the rest is not read. */
export async function readBody(body: Readable, bytesMax: number): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body) {
    bytes += part.length;
    // Leaving the loop destroys the body, and with it the connection.
    if (bytes > bytesMax) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Whether bytes of this type are text that JSON can carry as it is. */
export function isTextType(contentType: string): boolean {
  const type = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  return (
    type.startsWith('text/') ||
    type === 'application/json' ||
    type === 'application/x-ndjson' ||
    type === 'application/xml' ||
    type.endsWith('+json') ||
    type.endsWith('+xml')
  );
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** As a text where its type says that it is one; bytes that are no UTF-8, whatever their type says, stay bytes. */
export function textOr(body: Buffer, contentType: string): string | Buffer {
  if (!isTextType(contentType)) return body;
  try {
    return utf8.decode(body);
  } catch {
    return body;
  }
}

/** The name that the engine gives to a file, where it gives one in plain letters. */
export function filenameOf(headers: Readonly<Record<string, string>>): string | undefined {
  const stated = headers['content-disposition'] ?? '';
  return /;\s*filename=(?:"([^"\\]{1,255})"|([^\s;"]{1,255}))/i
    .exec(stated)
    ?.slice(1)
    .find(Boolean);
}
