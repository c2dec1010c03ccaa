import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import { KeptCheckpoints } from './checkpoint.js';
import { Lease } from './lease.js';
import { Authorised, Extended, Settled, SettledAll, Withdrawn } from './ledger.js';
import { Plan } from './route-plan.js';
import { KnownVideoJob, LocatedPlace, VideoJobs } from './video-job.js';

const id = '11111111-1111-4111-8111-111111111111';
const requestId = 'req_00000000000000000000000000000000';
const deadlines = { firstByteMs: 1, idleMs: 1, totalMs: 1 };
const candidate = {
  ...{ kind: 'session', providerId: id, providerLabel: 'sam/rig', sellerOwnerId: id, model: 'm' },
  ...{ outputTokensHeld: null, brokerUrl: 'http://b:1', sessionId: 's', sessionEpoch: 1 },
};
const hosted = {
  ...{ kind: 'http', providerId: id, providerLabel: 'sam/rig', sellerOwnerId: id, model: 'm' },
  ...{ outputTokensHeld: null, url: 'https://x.example/v1', headers: {} },
};
const job = {
  ...{ id: `video_${'0'.repeat(48)}`, requestId, holdEpoch: 1, servedPosition: 0, providerId: id },
  ...{ clientId: null, model: 'm', upstreamId: 'f', route: 'a/b', units: {}, seconds: 4 },
  ...{ size: null, remixedFrom: null, state: 'running', createdAtMs: 1, endedAtMs: null },
};
const settled = { requestId, result: 'settled', charged: '1' };

const answers: Readonly<Record<string, readonly [z.ZodType, object]>> = {
  plan: [
    Plan,
    {
      ...{ requestId, holdEpoch: 1, holdAmount: '1', ticket: null, holdExpiresAtMs: 1 },
      ...{ candidates: [candidate, hosted], attemptsMax: 1, deadlines, buyerMark: 'x' },
      rejections: [{ providerLabel: 'a/b', model: 'm', reason: 'new_reason' }],
      hedge: { afterMs: 50 },
    },
  ],
  authorisation: [Authorised, { requestId, holdEpoch: 1, amount: '1', isReplay: false }],
  extension: [Extended, { result: 'held', amount: '1' }],
  checkpoints: [KeptCheckpoints, { results: ['kept'] }],
  settlement: [Settled, settled],
  settlements: [SettledAll, { results: [settled] }],
  withdrawal: [Withdrawn, { requestId, result: 'released' }],
  lease: [Lease, { result: 'open', issuedMax: '1', slots: 1, settledCount: 0 }],
  film: [KnownVideoJob, job],
  films: [VideoJobs, { jobs: [job], hasMore: false }],
  place: [LocatedPlace, { candidate, deadlines }],
};

/** What a version to come might say besides, wherever there is an object. */
function newer(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(newer);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, one]) =>
    // Units and headers are named by what they are of.
    [name, name === 'units' || name === 'headers' ? one : newer(one)],
  );
  return { ...Object.fromEntries(entries), mood: 'fine' };
}

describe('an answer of a newer version', () => {
  it.each(Object.entries(answers))(
    '%s is read without what nobody here knows',
    (_name, [schema, answer]) => {
      expect(schema.parse(answer)).toEqual(answer);
      expect(schema.parse(newer(answer))).toEqual(answer);
    },
  );
});
