/**
 * The body of an answer in pieces, of which the head may have said how long it is. Its last byte is held back
 * until the worker has said that this was all: a reader who counts bytes would take a cut there for the end.
 */
export type StatedBody = Readonly<{
  /** Null where the length was not said. */
  leftBytes: number | null;
  heldBack: Buffer;
}>;

const nothing = Buffer.alloc(0);

export function openBody(contentLength: number | null): StatedBody {
  return { leftBytes: contentLength, heldBack: nothing };
}

/** What may be passed on, and what the body is then; none where there is more of it than was said. */
export function takeBody(
  body: StatedBody,
  bytes: Buffer,
): Readonly<{ body: StatedBody | undefined; passed: Buffer }> {
  if (body.leftBytes === null) return { body, passed: bytes };
  const leftBytes = body.leftBytes - bytes.length;
  if (leftBytes < 0) return { body: undefined, passed: nothing };
  const isLast = leftBytes === 0 && bytes.length > 0;
  const cut = isLast ? bytes.length - 1 : bytes.length;
  const heldBack = isLast ? bytes.subarray(cut) : body.heldBack;
  return { body: { leftBytes, heldBack }, passed: bytes.subarray(0, cut) };
}
