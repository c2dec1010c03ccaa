import type { OwnerEvent, WorkerSession, WorkersPage, WorkerViewer } from '@aisbf/contracts';
import { bytesOf, pageBytesMax, snapshotPages } from './snapshot-page.js';

/** What one instance, or all of them together, know of somebody's workers. */
export type WorkersAnswer = Readonly<{
  /** Of all sessions, where there are more than are listed. */
  count: number;
  sessions: readonly WorkerSession[];
  /** What has happened and is not in the store yet. */
  events: readonly OwnerEvent[];
}>;

/** The most sessions that one answer lists. */
export const sessionsMax = 1_000;

/** Usernames are unique, and an owner's name is its user's. Operators see all. */
export function mayView(
  { role, username }: WorkerViewer,
  subject: Readonly<{ username: string }>,
): boolean {
  return role === 'operator' || username === subject.username;
}

/** By the provider's id, or by its name; null means all. */
export function isMeant(
  provider: string | null,
  { providerId, providerName }: Readonly<{ providerId: string; providerName: string }>,
): boolean {
  return provider === null || provider === providerId || provider === providerName;
}

/** One answer out of many; the oldest sessions first. */
export function joinAnswers(answers: readonly WorkersAnswer[]): WorkersAnswer {
  return {
    count: answers.reduce((sum, { count }) => sum + count, 0),
    sessions: answers
      .flatMap(({ sessions }) => sessions)
      .sort((one, other) => one.connected_at_ms - other.connected_at_ms)
      .slice(0, sessionsMax),
    events: answers.flatMap(({ events }) => events),
  };
}

/** An answer as messages that the bus takes. There is always a first. */
export function toWorkersPages(
  brokerId: string,
  { count, sessions, events }: WorkersAnswer,
): readonly WorkersPage[] {
  const withSessions = snapshotPages(sessions.map(fitting)).map((own) => ({
    sessions: own,
    events: [],
  }));
  const withEvents = snapshotPages(events).map((own) => ({ sessions: [], events: own }));
  const all = events.length > 0 ? [...withSessions, ...withEvents] : withSessions;
  return all.map((one, page) => ({
    type: 'workers-page',
    brokerId,
    page,
    pages: all.length,
    count,
    sessions: [...one.sessions],
    events: [...one.events],
  }));
}

export function fromWorkersPages(pages: readonly WorkersPage[]): WorkersAnswer {
  return {
    count: pages[0]?.count ?? 0,
    sessions: pages.flatMap(({ sessions }) => sessions),
    events: pages.flatMap(({ events }) => events),
  };
}

/** A worker may say so much of itself that no message holds it; then its longest words are left out. */
function fitting(session: WorkerSession): WorkerSession {
  if (bytesOf(session) <= pageBytesMax) return session;
  const { hardware, capabilities } = session;
  return {
    ...session,
    hardware: hardware && { ...hardware, gpus: [] },
    capabilities: capabilities && { ...capabilities, stated: null },
  };
}
