import type { SessionPresence } from '@aisbf/contracts';

/** As the contract says. */
const sessionsMax = 200;
/** Well below the megabyte that the bus takes by default. */
const bytesMax = 600_000;

/** Cuts a list of sessions into pages that fit into one message each. There is always a first page. */
export function snapshotPages(
  sessions: readonly SessionPresence[],
): readonly (readonly SessionPresence[])[] {
  const pages: SessionPresence[][] = [];
  let open: SessionPresence[] = [];
  let bytes = 0;
  for (const session of sessions) {
    const size = Buffer.byteLength(JSON.stringify(session));
    if (open.length === sessionsMax || (open.length > 0 && bytes + size > bytesMax)) {
      pages.push(open);
      open = [];
      bytes = 0;
    }
    open.push(session);
    bytes += size;
  }
  return [...pages, open];
}
