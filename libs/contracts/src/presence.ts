import { z } from 'zod';
import { Id, ModelName, Name, TimeMs } from './field.js';
import { Endpoints, modelFacts } from './model-facts.js';

/**
 * Who is there. Each broker numbers its events; a router that misses one, or starts later, asks that
 * broker for a snapshot. A broker that stops beating is gone, and its sessions with it.
 *
 * Brokers and routers of two versions live side by side while they are replaced, and brokers read each
 * other, so here the reader is lenient: fields that it does not know are dropped, and whatever was added
 * after the first version is optional.
 */
export const PresentModel = z.object({
  name: ModelName,
  contextTokensMax: z.int().min(1).max(1_000_000_000).nullable(),
  ...modelFacts,
});
export type PresentModel = z.infer<typeof PresentModel>;

export const Hardware = z.object({
  gpuCount: z.int().min(0).max(1024),
  vramMb: z.int().min(0),
  vramMbFree: z.int().min(0),
});
export type Hardware = z.infer<typeof Hardware>;

/** What its broker has seen of a session's last hundred requests. */
export const SessionMeasured = z.object({
  requests: z.int().min(1).max(100),
  successRate: z.number().min(0).max(1),
  firstMs: z.number().min(0).nullable().describe('Until the first byte of a stream; the median.'),
  chunksPerSecond: z.number().min(0).nullable().describe('Of streams; the median.'),
});
export type SessionMeasured = z.infer<typeof SessionMeasured>;

/** One worker's live connection, as the router plans with it. */
export const SessionPresence = z.object({
  sessionId: z.string().min(1).max(64),
  /** Rises with every connection of the same identity: the highest is the only real one. */
  epoch: z.int().min(0),
  providerId: Id,
  ownerId: Id,
  username: Name,
  clientId: z.string().min(1).max(128),
  connectedAtMs: TimeMs,
  /** Suspect: has been silent for a while, gets nothing new until it speaks. */
  state: z.enum(['serving', 'suspect', 'draining']),
  models: z.array(PresentModel).max(2000),
  hardware: Hardware.nullable(),
  frameBytesMax: z.int().min(1024),
  inFlight: z.int().min(0),
  inFlightMax: z.int().min(1),
  queued: z.int().min(0),
  endpoints: Endpoints.optional().describe('What it says that it serves. Absent: it does not say.'),
  measured: SessionMeasured.optional().describe('Absent before it has ended its first request.'),
});
export type SessionPresence = z.infer<typeof SessionPresence>;

const fromBroker = {
  brokerId: z.string().min(1).max(64),
  /** Differs after each start of the broker's process, so that numbers from before are not mixed in. */
  incarnation: z.string().min(1).max(64),
  /** Numbers this broker's events without gaps. A beat repeats the last number. */
  sequence: z.int().min(0),
};

export const PresenceEvent = z.discriminatedUnion('type', [
  /** A session has come or changed; the whole record each time. */
  z.object({
    type: z.literal('session-up'),
    ...fromBroker,
    session: SessionPresence,
  }),
  z.object({
    type: z.literal('session-down'),
    ...fromBroker,
    sessionId: z.string().min(1).max(64),
    reason: z.string().max(64),
  }),
  z.object({
    type: z.literal('broker-beat'),
    ...fromBroker,
    url: z.url().max(2048),
    isDraining: z.boolean(),
  }),
]);
export type PresenceEvent = z.infer<typeof PresenceEvent>;

/** Published on `subjects.presenceHello` by a router that starts: every broker beats at once. */
export const PresenceHello = z.strictObject({ type: z.literal('presence-hello') });
export type PresenceHello = z.infer<typeof PresenceHello>;

/** The question on `subjects.presenceSnapshot(brokerId)`; its reply subject gets the pages. */
export const AskPresence = z.strictObject({ type: z.literal('ask-presence') });
export type AskPresence = z.infer<typeof AskPresence>;

/** Asked on `subjects.presenceSnapshot(brokerId)`; answered by pages to the reply subject. */
export const PresenceSnapshot = z.object({
  type: z.literal('presence-snapshot'),
  ...fromBroker,
  url: z.url().max(2048),
  page: z.int().min(0),
  pages: z.int().min(1),
  sessions: z.array(SessionPresence).max(200),
});
export type PresenceSnapshot = z.infer<typeof PresenceSnapshot>;
