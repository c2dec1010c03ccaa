import { createHmac, timingSafeEqual } from 'node:crypto';

const sealLength = 43;

/** A text with a mark that only holders of the secret can make: it can be read on its way, but not changed. */
export function seal(text: string, secret: string): string {
  return `${markOf(text, secret)}${text}`;
}

/** The text, or undefined where its mark is not that of this secret. */
export function openSealed(sealed: string, secret: string): string | undefined {
  const text = sealed.slice(sealLength);
  const [given, right] = [
    Buffer.from(sealed.slice(0, sealLength)),
    Buffer.from(markOf(text, secret)),
  ];
  return given.length === right.length && timingSafeEqual(given, right) ? text : undefined;
}

function markOf(text: string, secret: string): string {
  return createHmac('sha256', secret).update(text).digest('base64url');
}
