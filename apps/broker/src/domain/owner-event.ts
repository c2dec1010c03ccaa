import type { OwnerEvent, OwnerEventKind } from '@aisbf/contracts';

/** Whose events these are. */
export type EventSubject = Readonly<{ providerId: string; providerName: string; username: string }>;

/** Something that the owner of a provider should know about one of its workers. */
export type OwnerNews = Readonly<
  Pick<OwnerEvent, 'event' | 'clientId' | 'sessionId' | 'detail' | 'atMs'>
>;

/** Where they are told. */
export type OwnerEventSink = Readonly<{
  record: (subject: EventSubject, news: OwnerNews) => void;
}>;

/** What anybody can bring about who knows the provider's name but none of its tokens. */
const strangersReasons: ReadonlySet<string | null> = new Set([
  'wrong_token',
  'not_a_worker_provider',
]);

export function kindOf({ event, detail }: Pick<OwnerNews, 'event' | 'detail'>): OwnerEventKind {
  if (event !== 'worker-refused') return 'session';
  return strangersReasons.has(detail) ? 'stranger' : 'refusal';
}
