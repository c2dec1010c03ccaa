/** Reading what strangers wrote: each function gives the value if it is what it should be, else undefined. */

export type JsonObject = Readonly<Record<string, unknown>>;

export function toObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

/** A text of at most this many characters; longer ones are cut, because they are for people's eyes. */
export function toText(value: unknown, lengthMax: number): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, lengthMax) : undefined;
}

/** A whole number between the bounds, also where it was sent as digits in a string. */
export function toInteger(value: unknown, min: number, max: number): number | undefined {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max
    ? number
    : undefined;
}

/** Undefined where the text is not JSON. */
export function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

/** Undefined where the value is nested more deeply than can be written: parsing is not so limited. */
export function writeJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** Undefined where there are characters in it that are not base64: half a body is worse than none. */
export function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === Math.floor((significantLength(text) * 3) / 4) ? bytes : undefined;
}

/** A video is not copied once more only to be counted; where there are line breaks in it, it has to be. */
function significantLength(text: string): number {
  if (/\s/.test(text)) return text.replace(/[\s=]+/g, '').length;
  let length = text.length;
  while (length > 0 && text[length - 1] === '=') length -= 1;
  return length;
}
