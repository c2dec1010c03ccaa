/** Something that the owner of a provider should know about one of its workers. */
export type OwnerEvent = Readonly<{
  atMs: number;
  type: OwnerEventType;
  clientId: string;
  sessionId: string | null;
  /** The exact reason, in words that may be looked up. */
  detail: string | null;
  /** How often it has happened in a row; `atMs` is the last time. */
  count: number;
}>;

export type OwnerEventType =
  | 'worker-refused'
  | 'session-opened'
  | 'session-registered'
  | 'register-refused'
  | 'takeovers-damped'
  | 'models-unreadable'
  | 'frame-unreadable'
  | 'frame-oversized'
  | 'session-suspect'
  | 'session-closed';

/** Whose events these are. */
export type EventSubject = Readonly<{ providerId: string; providerName: string; username: string }>;

type ProviderEvents = { readonly subject: EventSubject; events: OwnerEvent[] };

/** What a seller looks back at: a few reconnects and what went on between them. */
const eventsMax = 100;
/** Providers that really exist; the least recently active one makes room. */
const providersMax = 10_000;

/** The latest events of each provider, in memory. */
export class OwnerEventLog {
  private readonly providers = new Map<string, ProviderEvents>();

  record(subject: EventSubject, event: Omit<OwnerEvent, 'count'>): void {
    const entry = this.providers.get(subject.providerId) ?? { subject, events: [] };
    this.providers.delete(subject.providerId);
    this.providers.set(subject.providerId, entry);
    const last = entry.events.at(-1);
    if (last && isRepeated(last, event)) entry.events.pop();
    entry.events.push({ ...event, count: last && isRepeated(last, event) ? last.count + 1 : 1 });
    if (entry.events.length > eventsMax) entry.events.shift();
    const [oldest] = this.providers.keys();
    if (this.providers.size > providersMax && oldest !== undefined) this.providers.delete(oldest);
  }

  /** Of all providers that are meant, newest last. */
  find(isMeant: (subject: EventSubject) => boolean): readonly OwnerEvent[] {
    return [...this.providers.values()]
      .filter(({ subject }) => isMeant(subject))
      .flatMap(({ events }) => events)
      .sort((one, other) => one.atMs - other.atMs);
  }
}

/** A stranger that knocks all day must not push everything else out. */
function isRepeated(last: OwnerEvent, event: Omit<OwnerEvent, 'count'>): boolean {
  return (
    event.type === 'worker-refused' &&
    last.type === event.type &&
    last.clientId === event.clientId &&
    last.detail === event.detail
  );
}
