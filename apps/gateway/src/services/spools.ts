import type { StoredBytes } from '../domain/stored-bytes.js';

/** Bytes that come once and are needed again. Whoever opens one discards it, whatever happens to them. */
export type Spool = StoredBytes &
  Readonly<{
    /** Keeps a piece, which must not change any more. Resolves when the next may come. */
    write: (piece: Uint8Array) => Promise<void>;
    /** All of it, a piece at a time, as often as it is asked for. */
    open: () => AsyncIterable<Uint8Array>;
    discard: () => Promise<void>;
  }>;

/** Where such bytes are kept: in memory as far as there is room for them, otherwise on the disk. */
export abstract class Spools {
  abstract begin(): Spool;
}
