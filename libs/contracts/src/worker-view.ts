import { z } from 'zod';
import { Id, Name } from './field.js';
import { OwnerEvent } from './owner-event.js';
import { Role } from './principal.js';
import { WorkerSession } from './worker-api.js';

/** Who looks at workers: owners at their own, operators at all. */
export const WorkerViewer = z.strictObject({ username: Name, role: Role });
export type WorkerViewer = z.infer<typeof WorkerViewer>;

/** How a provider is named in a question: by its id, or by its name. */
export const ProviderReference = Id.or(Name);

/**
 * The question on `subjects.askWorkers(brokerId)`: what this instance has that the viewer may see. The reply
 * subject gets the pages.
 */
export const AskWorkers = z.strictObject({
  type: z.literal('ask-workers'),
  viewer: WorkerViewer,
  /** Null is all of them. */
  provider: ProviderReference.nullable(),
});
export type AskWorkers = z.infer<typeof AskWorkers>;

/** One of the messages that answer `AskWorkers`, each small enough for the bus. There is always a first. */
export const WorkersPage = z.strictObject({
  type: z.literal('workers-page'),
  brokerId: z.string().min(1).max(64),
  page: z.int().min(0),
  pages: z.int().min(1),
  /** Of all sessions that the viewer may see here, where there are more than are listed. */
  count: z.int().min(0),
  sessions: z.array(WorkerSession).max(200),
  /** What has happened here and is not in the stream yet. */
  events: z.array(OwnerEvent).max(1000),
});
export type WorkersPage = z.infer<typeof WorkersPage>;
