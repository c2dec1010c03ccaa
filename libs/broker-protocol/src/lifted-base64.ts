import { randomBytes } from 'node:crypto';
import type { FrameBytes } from './frame-bytes.js';
import { fromBase64 } from './json-value.js';

/**
 * A large text frame whose long base64 was taken out before it became text: each such string is decoded from
 * the frame itself, and a short placeholder stands for it in what is left. So the frame is never held as one
 * long string, nor its base64 as another.
 */
export type LiftedFrame = Readonly<{
  text: string;
  bytes: FrameBytes;
  /** All that was lifted was asked for as base64. If not, some of it was a text that only looked like it. */
  isUsedUp: () => boolean;
}>;

/** Shorter ones cost nothing worth the trouble. */
const liftedLengthMin = 16_384;
/** Whole groups of four characters; small, so that no long string is made on the way. */
const sliceLength = 49_152;
const quote = 0x22;
const padding = 0x3d;
/** Only what every reader of base64 reads in the same way; anything else is left where it is. */
const alphabet = /^[A-Za-z0-9+/]*$/;
/** No worker has ever seen it, so that none can write it. */
const salt = randomBytes(24).toString('hex');

/** Undefined where there is nothing to take out. */
export function liftBase64(frame: Buffer): LiftedFrame | undefined {
  const lifted = new Map<string, Buffer>();
  const used = new Set<string>();
  let text = '';
  let from = 0;
  for (const { start, end } of longStrings(frame)) {
    const bytes = decode(frame, start, end);
    if (!bytes) continue;
    const placeholder = `${salt}.${lifted.size}`;
    lifted.set(placeholder, bytes);
    text += frame.toString('utf8', from, start) + placeholder;
    from = end;
  }
  if (lifted.size === 0) return undefined;
  return {
    text: text + frame.toString('utf8', from),
    bytes: {
      isBinary: false,
      fromBase64: (value) => {
        const bytes = lifted.get(value);
        if (bytes) used.add(value);
        return bytes ?? fromBase64(value);
      },
      attachment: () => undefined,
    },
    isUsedUp: () => used.size === lifted.size,
  };
}

type Span = Readonly<{ start: number; end: number }>;

/**
 * What stands between two quotes far enough apart, without the quotes. It may be a part of a string, where a
 * quote is escaped: what is lifted there nobody asks for. Quotes that are close together are leapt over, many
 * at a time.
 */
function* longStrings(frame: Buffer): Generator<Span> {
  let at = frame.indexOf(quote);
  while (at !== -1) {
    const last = at + frame.subarray(at, at + liftedLengthMin).lastIndexOf(quote);
    if (last > at) {
      at = last;
      continue;
    }
    const end = frame.indexOf(quote, at + 1);
    if (end === -1) return;
    yield { start: at + 1, end };
    at = end;
  }
}

/** Straight into as much room as it takes; undefined where there is anything else in it. */
function decode(frame: Buffer, start: number, end: number): Buffer | undefined {
  // Most that is long and no base64 is known by its beginning, before room is made for it.
  if (!alphabet.test(frame.toString('latin1', start, start + liftedLengthMin / 4)))
    return undefined;
  let contentEnd = end;
  while (end - contentEnd < 2 && frame[contentEnd - 1] === padding) contentEnd -= 1;
  const bytes = Buffer.allocUnsafe(Math.floor(((contentEnd - start) * 3) / 4));
  let at = 0;
  for (let from = start; from < contentEnd; from += sliceLength) {
    const slice = frame.toString('latin1', from, Math.min(from + sliceLength, contentEnd));
    if (!alphabet.test(slice)) return undefined;
    at += bytes.write(slice, at, 'base64');
  }
  return at === bytes.length ? bytes : undefined;
}
