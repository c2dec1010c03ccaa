import { z } from 'zod';
import { ClientAddress, Count, Id, ModelName, Name, RequestId, TimeMs, Units } from './field.js';
import { Candidate, Deadlines } from './route-plan.js';

/** What buyers know a film by. */
export const VideoId = z.string().regex(/^video_[0-9a-f]{48}$/);
export type VideoId = z.infer<typeof VideoId>;

/** A machine or endpoint by what stays of it: sessions come and go. */
const placeShape = {
  providerId: Id,
  /** Of the worker; null where it is a hosted provider. */
  clientId: z.string().min(1).max(128).nullable(),
  /** What the model is called there. */
  model: ModelName,
};

/** A film that is being made, where, and what it costs when it is there. */
export const VideoJob = z.strictObject({
  ...placeShape,
  id: VideoId,
  /** The request whose money is held for it. */
  requestId: RequestId,
  holdEpoch: z.int().min(1),
  servedPosition: z.int().min(0).max(63),
  /** What whoever makes it calls it. */
  upstreamId: z.string().min(1).max(256),
  route: z.string().min(1).max(512),
  units: Units,
  seconds: Count,
  size: z.string().max(32).nullable(),
  remixedFrom: VideoId.nullable(),
});
export type VideoJob = z.infer<typeof VideoJob>;

/** What has become of it, by the ledger's word: it is paid for, or it never will be, or it is not decided. */
export const VideoState = z.enum(['running', 'completed', 'failed']);
export type VideoState = z.infer<typeof VideoState>;

export const KnownVideoJob = z.object({
  ...VideoJob.shape,
  state: VideoState,
  createdAtMs: TimeMs,
  endedAtMs: TimeMs.nullable(),
});
export type KnownVideoJob = z.infer<typeof KnownVideoJob>;

/** From here on the money is held for as long as such a film may take. */
export const OpenVideoJob = z.strictObject({ type: z.literal('open-video-job'), job: VideoJob });
export type OpenVideoJob = z.infer<typeof OpenVideoJob>;

const asking = {
  apiToken: z.string().min(1).max(256),
  pathUsername: Name.nullable().default(null),
  clientAddress: ClientAddress.nullable().default(null),
};

/** Only its owner's is found. */
export const FindVideoJob = z.strictObject({
  type: z.literal('find-video-job'),
  ...asking,
  id: VideoId,
});
export type FindVideoJob = z.infer<typeof FindVideoJob>;

export const ListVideoJobs = z.strictObject({
  type: z.literal('list-video-jobs'),
  ...asking,
  after: VideoId.nullable(),
  limit: z.int().min(1).max(100),
  order: z.enum(['asc', 'desc']),
});
export type ListVideoJobs = z.infer<typeof ListVideoJobs>;

/** Takes those that nobody has looked at for a while; nobody else gets them for this long. */
export const TakeDueVideoJobs = z.strictObject({
  type: z.literal('take-due-video-jobs'),
  limit: z.int().min(1).max(100),
  againInMs: z.int().min(1).max(86_400_000),
});
export type TakeDueVideoJobs = z.infer<typeof TakeDueVideoJobs>;

/** Its buyer wants to hear no more of it. */
export const RemoveVideoJob = z.strictObject({ type: z.literal('remove-video-job'), id: VideoId });
export type RemoveVideoJob = z.infer<typeof RemoveVideoJob>;

export const VideoJobs = z.object({
  jobs: z.array(KnownVideoJob).max(100),
  hasMore: z.boolean(),
});
export type VideoJobs = z.infer<typeof VideoJobs>;

/** Asks the router how somebody is reached who was asked before. */
export const LocatePlace = z.strictObject({ type: z.literal('locate-place'), ...placeShape });
export type LocatePlace = z.infer<typeof LocatePlace>;

/** Null: it is not there at the moment. */
export const LocatedPlace = z.object({
  candidate: Candidate.nullable(),
  deadlines: Deadlines,
});
export type LocatedPlace = z.infer<typeof LocatedPlace>;
