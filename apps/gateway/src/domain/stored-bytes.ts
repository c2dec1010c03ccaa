/** Bytes that are all there: where does not matter, and they can be read here and there. */
export type StoredBytes = Readonly<{
  bytes: number;
  /** Reads from there on, and gives how much; less than there is room for only at the end. */
  read: (into: Uint8Array, from: number) => Promise<number>;
}>;
