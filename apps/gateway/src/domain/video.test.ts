import type { KnownVideoJob, VideoState } from '@aisbf/contracts';
import type { UpstreamVideo } from '@aisbf/openai';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { newVideoId, toVideo, videoSettlement } from './video.js';

const job: KnownVideoJob = {
  id: newVideoId(),
  requestId: 'req_1',
  holdEpoch: 1,
  servedPosition: 2,
  providerId: '00000000-0000-4000-8000-000000000001',
  clientId: 'one',
  model: 'there',
  upstreamId: 'secret-of-the-worker',
  route: 'sams/films',
  units: { prompt_token: 1, video_second: 4 },
  seconds: 4,
  size: null,
  remixedFrom: null,
  state: 'running',
  createdAtMs: 1_000,
  endedAtMs: null,
};
const states = fc.constantFrom<VideoState>('running', 'completed', 'failed');

describe(newVideoId, () => {
  it('never gives an id twice', () => {
    expect(new Set(Array.from({ length: 1_000 }, newVideoId)).size).toBe(1_000);
  });
});

describe(toVideo, () => {
  it('has our own id, and never says other of its end than the ledger does', () => {
    fc.assert(
      fc.property(states, fc.option(states, { nil: undefined }), (state, progress) => {
        const upstream: UpstreamVideo | undefined = progress && {
          id: job.upstreamId,
          progress,
          body: { id: job.upstreamId, status: progress, remixed_from_video_id: job.upstreamId },
        };
        const told = toVideo({ ...job, state, endedAtMs: 2_000 }, upstream);
        expect(told).toMatchObject({ id: job.id, remixed_from_video_id: null });
        expect(JSON.stringify(told)).not.toContain(job.upstreamId);
        const { status } = told as { status: string };
        expect(status === 'completed').toBe(state === 'completed');
        expect(status === 'failed').toBe(state === 'failed');
      }),
    );
  });
});

describe(videoSettlement, () => {
  it('bills what was promised, to whoever has made it', () => {
    const { units } = job;
    expect(videoSettlement(job, 'completed', 5_000)).toMatchObject({
      outcome: 'completed',
      servedPosition: 2,
      units,
      endedAtMs: 5_000,
    });
  });

  it('bills nothing where there is none', () => {
    expect(videoSettlement(job, 'failed', 0)).toMatchObject({
      outcome: 'seller_failed',
      servedPosition: null,
      units: {},
      endedAtMs: 1_000,
    });
  });
});
