import { isObject } from '@aisbf/openai';

/** Sound is counted in these: fine enough that every format has a whole number of them in a byte. */
export const ticksPerSecond = 48_000;

/** What one byte of a session's sound lasts, by its format, in ticks. */
export type SoundFormats = Readonly<{ input: number; output: number }>;

/** 16 bits, 24,000 times a second: what sessions have that say nothing of it. */
const pcm = 1;
/** A byte, 8,000 times a second. */
const telephone = 6;

export const soundFormatsDefault: SoundFormats = { input: pcm, output: pcm };

/** What an update of a session changes about it, in the words of today's API or of its beta. */
export function soundFormatsAfter(
  session: Readonly<Record<string, unknown>>,
  before: SoundFormats,
): SoundFormats {
  const audio = isObject(session.audio) ? session.audio : {};
  return {
    input: ticksOf(formatIn(audio.input) ?? session.input_audio_format) ?? before.input,
    output: ticksOf(formatIn(audio.output) ?? session.output_audio_format) ?? before.output,
  };
}

export function secondsOf(ticks: number): number {
  return Math.ceil(ticks / ticksPerSecond);
}

function formatIn(side: unknown): unknown {
  return isObject(side) ? side.format : undefined;
}

function ticksOf(format: unknown): number | undefined {
  const name = isObject(format) ? format.type : format;
  if (name === 'audio/pcmu' || name === 'audio/pcma') return telephone;
  if (name === 'g711_ulaw' || name === 'g711_alaw') return telephone;
  return name === 'audio/pcm' || name === 'pcm16' ? pcm : undefined;
}
