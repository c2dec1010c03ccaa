import { z } from 'zod';
import { Id, Name, TimeMs } from './field.js';

/** What may happen to a provider's workers. */
export const OwnerEventName = z.enum([
  'worker-refused',
  'session-opened',
  'session-registered',
  'register-refused',
  'takeovers-damped',
  'models-unreadable',
  'frame-unreadable',
  'frame-oversized',
  'session-suspect',
  'session-closed',
]);
export type OwnerEventName = z.infer<typeof OwnerEventName>;

/**
 * What kind of event it is, each with a history of its own, so that none pushes another out:
 *
 * - `session`: what happened to a worker that was admitted
 * - `refusal`: a worker was refused that has shown a token of the provider, be it an old one
 * - `stranger`: somebody was refused who has shown none; anybody can bring that about
 */
export const OwnerEventKind = z.enum(['session', 'refusal', 'stranger']);
export type OwnerEventKind = z.infer<typeof OwnerEventKind>;

/**
 * Something that a provider's owner should know about one of its workers. Published on
 * `subjects.ownerEvent(…)`; the stream `streams.ownerEvents` keeps the latest of each subject.
 */
export const OwnerEvent = z.strictObject({
  type: z.literal('owner-event'),
  /** Different for each: a repeated delivery is known by it. */
  eventId: z.uuid(),
  brokerId: z.string().min(1).max(64),
  username: Name,
  providerId: Id,
  providerName: Name,
  kind: OwnerEventKind,
  event: OwnerEventName,
  /** As it was claimed; `*` stands for several. */
  clientId: z.string().max(256),
  sessionId: z.string().max(64).nullable(),
  /** The exact reason, in words that may be looked up. */
  detail: z.string().max(1000).nullable(),
  /** How often it has happened; `atMs` is the last time. */
  count: z.int().min(1),
  atMs: TimeMs,
});
export type OwnerEvent = z.infer<typeof OwnerEvent>;
