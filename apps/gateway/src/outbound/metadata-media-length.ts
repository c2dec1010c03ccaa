import { type IAudioMetadata, parseFromTokenizer } from 'music-metadata';
import type { FormFile } from '../domain/form.js';
import { FragmentLength } from '../domain/fragment-length.js';
import { MatroskaLength } from '../domain/matroska-length.js';
import type { StoredBytes } from '../domain/stored-bytes.js';
import { MediaLength } from '../services/media-length.js';
import { StoredBytesTokenizer } from './stored-bytes-tokenizer.js';

const options = { duration: true, skipCovers: true };
/** Sound without any head: 24,000 samples a second of two bytes each, as OpenAI has it. */
const pcmBytesPerSecond = 48_000;

/** Longer than a fortnight is no sound that anybody sends, and no number that anybody should be charged for. */
const secondsMax = 1_209_600;

/** Reads the lengths from the files' own structure, through to the end where their heads do not say. */
export class MetadataMediaLength extends MediaLength {
  async secondsOfFile(file: FormFile): Promise<number | undefined> {
    const told = await lengthBy(file, file.contentType);
    const seconds = told ?? (await lengthByBlocks(file));
    return seconds !== undefined && seconds <= secondsMax ? seconds : undefined;
  }

  async secondsOfSound(sound: StoredBytes, contentType: string): Promise<number | undefined> {
    if (/^audio\/(?:pcm|l16)\b/i.test(contentType)) return sound.bytes / pcmBytesPerSecond;
    return lengthBy(sound, contentType.split(';')[0], sound.bytes);
  }
}

async function lengthByBlocks(file: FormFile): Promise<number | undefined> {
  const lengths = [new MatroskaLength(), new FragmentLength()];
  for await (const piece of file.open()) {
    const isRead = lengths.map((length) => length.push(piece));
    if (!isRead.includes(true)) break;
  }
  return lengths.map(({ seconds }) => seconds).find((seconds) => seconds !== undefined);
}

async function lengthBy(
  stored: StoredBytes,
  mimeType: string | undefined,
  bytes?: number,
): Promise<number | undefined> {
  const parsing = parseFromTokenizer(new StoredBytesTokenizer(stored, mimeType), options);
  const { duration, bitrate } = (await formatOf(parsing)) ?? {};
  if (duration === undefined || !Number.isFinite(duration) || duration <= 0) return undefined;
  if (bytes === undefined || bitrate === undefined || bitrate <= 0) return duration;
  // A head may speak of more than has come.
  return Math.min(duration, (bytes * 8) / bitrate);
}

function formatOf(parsing: Promise<IAudioMetadata>): Promise<IAudioMetadata['format'] | undefined> {
  return parsing.then(
    (metadata) => metadata.format,
    // Whatever it is, it is no sound that can be measured, which is what the caller asks.
    () => undefined,
  );
}
