import { randomBytes } from 'node:crypto';
import type { KnownVideoJob, Settle, VideoJob } from '@aisbf/contracts';
import type { UpstreamVideo } from '@aisbf/openai';

/** Random, so that nobody guesses what others make. */
export function newVideoId(): string {
  return `video_${randomBytes(24).toString('hex')}`;
}

/**
 * A film as its buyer sees it: in the words of whoever makes it, where those are at hand and do not contradict what the
 * ledger says of it.
 */
export function toVideo(job: KnownVideoJob, upstream?: UpstreamVideo): object {
  const words = upstream?.progress === job.state ? upstream.body : known(job);
  const isOver = job.state !== 'running';
  return {
    ...words,
    ...(isOver && { status: job.state }),
    id: job.id,
    remixed_from_video_id: job.remixedFrom,
  };
}

function known({ state, createdAtMs, endedAtMs, model, seconds, size }: KnownVideoJob): object {
  const error =
    state === 'failed' ? { code: 'video_not_made', message: 'It was not made in time.' } : null;
  return {
    object: 'video',
    model,
    status: state === 'running' ? 'in_progress' : state,
    progress: state === 'completed' ? 100 : 0,
    created_at: Math.floor(createdAtMs / 1000),
    completed_at: state === 'completed' && endedAtMs ? Math.floor(endedAtMs / 1000) : null,
    expires_at: null,
    error,
    prompt: null,
    seconds: String(seconds),
    size,
  };
}

/** The end of the request that asked for a film: it is paid for when it is there, and not at all when it will not be. */
export function videoSettlement(
  job: KnownVideoJob,
  progress: 'completed' | 'failed',
  nowMs: number,
): Settle {
  const isThere = progress === 'completed';
  return {
    type: 'settle',
    requestId: job.requestId,
    holdEpoch: job.holdEpoch,
    ticket: null,
    outcome: isThere ? 'completed' : 'seller_failed',
    servedPosition: isThere ? job.servedPosition : null,
    units: isThere ? job.units : {},
    reported: null,
    finishReason: isThere ? 'stop' : null,
    attempts: [],
    startedAtMs: job.createdAtMs,
    firstByteAtMs: null,
    endedAtMs: Math.max(nowMs, job.createdAtMs),
  };
}

/** Where it is, at whoever makes it. */
export function videoPath({ upstreamId }: VideoJob, below = ''): string {
  return `/videos/${upstreamId}${below}`;
}
