import type { CallFigures } from './rolling-figures.js';

type StreamFigures = Pick<
  CallFigures,
  'firstMs' | 'firstContentMs' | 'chunksPerSecond' | 'contentEventsPerSecond'
>;

/**
 * An event that holds text of an answer: what is said, thought, or given to a tool, in whichever engine's
 * form. A quote inside of a text is escaped, so no text looks like such a field.
 */
const contentLine = /^data:.*"(?:content|reasoning_content|reasoning|text|arguments)"\s*:\s*"[^"]/;
/** Enough of a line to find its text in. */
const lineLengthKept = 16_384;
/** Larger pieces hold sound or pictures, and are not looked into. */
const pieceBytesMax = 262_144;

/** Times an answer as it goes by: its pieces, whatever they hold, and its events that hold text. */
export class StreamGauge {
  private firstAtMs: number | undefined;
  private chunks = 0;
  /** The beginning of the line that has not ended yet. */
  private line = '';
  private contents = 0;
  private firstContentAtMs = 0;
  private lastContentAtMs = 0;

  /** Something of the answer has come, in one piece or as the first of many. */
  begin(atMs: number): void {
    this.firstAtMs ??= atMs;
  }

  take(bytes: Buffer, atMs: number): void {
    this.begin(atMs);
    this.chunks += 1;
    if (bytes.length > pieceBytesMax) return;
    const lines = bytes.toString('latin1').split('\n');
    for (const [place, part] of lines.entries()) {
      const room = lineLengthKept - this.line.length;
      if (room > 0) this.line += part.slice(0, room);
      if (place === lines.length - 1) return;
      if (contentLine.test(this.line)) this.onContent(atMs);
      this.line = '';
    }
  }

  figures(begunAtMs: number, endedAtMs: number): StreamFigures {
    const { firstAtMs, chunks, contents, firstContentAtMs, lastContentAtMs } = this;
    return {
      firstMs: firstAtMs === undefined ? null : firstAtMs - begunAtMs,
      firstContentMs: contents === 0 ? null : firstContentAtMs - begunAtMs,
      chunksPerSecond: rate(chunks, endedAtMs - (firstAtMs ?? endedAtMs)),
      contentEventsPerSecond: rate(contents, lastContentAtMs - firstContentAtMs),
    };
  }

  private onContent(atMs: number): void {
    if (this.contents === 0) this.firstContentAtMs = atMs;
    this.contents += 1;
    this.lastContentAtMs = atMs;
  }
}

/** The first is where the time begins, so it does not count. Null where there is nothing to measure. */
function rate(count: number, spanMs: number): number | null {
  return count > 1 && spanMs > 0 ? (count - 1) / (spanMs / 1_000) : null;
}
