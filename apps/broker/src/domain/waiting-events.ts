import type { OwnerEvent } from '@aisbf/contracts';

/**
 * Events that are not stored yet, in the order in which they happened. Of each subject only as many as are
 * stored at all, so that ten thousand workers of one provider are no more to write than a hundred. When it is
 * full, the oldest make room.
 */
export class WaitingEvents {
  private queued = new Map<string, OwnerEvent>();
  private readonly underWay = new Map<string, OwnerEvent>();
  private readonly perSubject = new Map<string, Set<string>>();

  constructor(
    private readonly eventsMax: number,
    private readonly perSubjectMax: number,
  ) {}

  get size(): number {
    return this.queued.size + this.underWay.size;
  }

  all(): readonly OwnerEvent[] {
    return [...this.underWay.values(), ...this.queued.values()];
  }

  /** Gives how many are lost by it. One that this one would push out of the store is not lost. */
  add(event: OwnerEvent): number {
    const own = this.perSubject.get(subjectOf(event)) ?? new Set<string>();
    this.perSubject.set(subjectOf(event), own);
    own.add(event.eventId);
    this.queued.set(event.eventId, event);
    const [outdated] = own;
    if (own.size > this.perSubjectMax && outdated !== undefined) this.remove(outdated);
    if (this.size <= this.eventsMax) return 0;
    const [oldest] = this.queued.keys();
    if (oldest !== undefined) this.remove(oldest);
    return 1;
  }

  /** The oldest that is not under way to the store; from now on it is. */
  take(): OwnerEvent | undefined {
    const [event] = this.queued.values();
    if (!event) return undefined;
    this.queued.delete(event.eventId);
    this.underWay.set(event.eventId, event);
    return event;
  }

  /** It is stored, or nobody wants it any more. */
  remove(eventId: string): void {
    const event = this.queued.get(eventId) ?? this.underWay.get(eventId);
    if (!event) return;
    this.queued.delete(eventId);
    this.underWay.delete(eventId);
    const own = this.perSubject.get(subjectOf(event));
    own?.delete(eventId);
    if (own?.size === 0) this.perSubject.delete(subjectOf(event));
  }

  /** Whatever was under way has not arrived: it waits again, before all others. */
  giveBack(): void {
    this.queued = new Map([...this.underWay, ...this.queued]);
    this.underWay.clear();
  }
}

function subjectOf({ providerId, kind }: OwnerEvent): string {
  return `${providerId} ${kind}`;
}
