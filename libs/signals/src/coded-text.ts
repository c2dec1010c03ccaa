import { endianness } from 'node:os';

/**
 * A text and the codes of its characters, with a zero behind the last, so that whoever looks one place further finds nothing
 * there. Each character is looked at, and more than once: that takes a fraction of what it takes to look it up in the string.
 * Above all where the client of Redis is in the process: it has a kind of string of its own, and V8 then looks up each
 * character of any string the slow way.
 */
export type CodedText = Readonly<{ text: string; codes: Uint16Array }>;

const isSwapped = endianness() === 'BE';

export function codedText(text: string): CodedText {
  const codes = new Uint16Array(text.length + 1);
  const bytes = Buffer.from(codes.buffer);
  bytes.write(text, 'utf16le');
  if (isSwapped) bytes.swap16();
  return { text, codes };
}

/** From the first place to the one behind the last. */
export function codeAt({ codes }: CodedText, at: number): number {
  return codes[at] as number;
}
