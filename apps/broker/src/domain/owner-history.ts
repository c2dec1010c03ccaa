import type { OwnerEvent } from '@aisbf/contracts';

/**
 * One history of what several instances have told, the oldest first: each event once, however often it
 * came; the same refusal in a row as one with all their counts; the latest of each kind, so that no kind
 * pushes another out.
 */
export function ownerHistory(
  events: readonly OwnerEvent[],
  eventsMaxOfKind: number,
): readonly OwnerEvent[] {
  const ordered = unique(events).sort(byTime);
  const kinds = [...Map.groupBy(ordered, ({ kind }) => kind).values()];
  return kinds.flatMap((own) => inRows(own).slice(-eventsMaxOfKind)).sort(byTime);
}

/** Of the same event the one that has counted longer. */
function unique(events: readonly OwnerEvent[]): OwnerEvent[] {
  const byId = new Map<string, OwnerEvent>();
  for (const event of events) {
    const known = byId.get(event.eventId);
    if (!known || known.count < event.count) byId.set(event.eventId, event);
  }
  return [...byId.values()];
}

function inRows(events: readonly OwnerEvent[]): readonly OwnerEvent[] {
  const rows: OwnerEvent[] = [];
  for (const event of events) {
    const last = rows.at(-1);
    if (last && isRepeat(last, event))
      rows[rows.length - 1] = { ...event, count: last.count + event.count };
    else rows.push(event);
  }
  return rows;
}

function isRepeat(last: OwnerEvent, event: OwnerEvent): boolean {
  return (
    event.event === 'worker-refused' &&
    last.event === event.event &&
    last.providerId === event.providerId &&
    last.clientId === event.clientId &&
    last.detail === event.detail
  );
}

/** What happened in the same millisecond stays in the order in which it was told. */
function byTime(one: OwnerEvent, other: OwnerEvent): number {
  return one.atMs - other.atMs;
}
