/** As the contracts say. */
const itemsMax = 200;
/** Well below the megabyte that the bus takes by default. */
export const pageBytesMax = 600_000;

/** Cuts a list into pages that fit into one message each. There is always a first page. */
export function snapshotPages<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  const pages: Item[][] = [];
  let open: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = bytesOf(item);
    if (open.length === itemsMax || (open.length > 0 && bytes + size > pageBytesMax)) {
      pages.push(open);
      open = [];
      bytes = 0;
    }
    open.push(item);
    bytes += size;
  }
  return [...pages, open];
}

export function bytesOf(item: unknown): number {
  return Buffer.byteLength(JSON.stringify(item));
}
