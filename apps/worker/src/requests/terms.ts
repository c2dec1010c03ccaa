/** The extensions in the form of frames that this worker offers; operations are listed by their names. */
export const extensionNames = ['binary-frames', 'stream-window'] as const;

/** What a worker and its broker have both offered, beyond the plain protocol. */
export type Terms = Readonly<{
  /** Bytes travel as they are, beside the JSON, instead of inside it as base64. */
  isBinary: boolean;
  /** How much of a stream may be sent before it was read; undefined where nobody tells what was read. */
  windowBytes: number | undefined;
}>;

export const plainTerms: Terms = { isBinary: false, windowBytes: undefined };

/** For a worker that has offered all of them. */
export function agreedTerms(
  offered: ReadonlySet<string>,
  streamWindowBytes: number | undefined,
): Terms {
  return {
    isBinary: offered.has('binary-frames'),
    windowBytes: offered.has('stream-window') ? streamWindowBytes : undefined,
  };
}
