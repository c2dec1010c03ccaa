import type { Chunk } from './chunk.js';

/**
 * Turns pieces into bytes. A text may end with the first half of a character that its successor completes:
 * that half is `carry` until then.
 */
export function toBytes(
  carry: string,
  chunks: readonly Chunk[],
): { readonly bytes: Buffer; readonly carry: string } {
  const parts: Buffer[] = [];
  let half = carry;
  for (const chunk of chunks) {
    if (chunk.type === 'bytes') {
      if (half !== '') parts.push(Buffer.from(half));
      half = '';
      parts.push(chunk.bytes);
      continue;
    }
    const text = half + chunk.text;
    const cut = endsInHalf(text) ? text.length - 1 : text.length;
    half = text.slice(cut);
    parts.push(Buffer.from(text.slice(0, cut)));
  }
  const [first] = parts;
  return { bytes: parts.length === 1 && first ? first : Buffer.concat(parts), carry: half };
}

function endsInHalf(text: string): boolean {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff;
}
