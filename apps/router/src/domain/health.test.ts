import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type AttemptEnd,
  afterAttempt,
  afterSharedFailure,
  type Cooldown,
  joinedHealth,
  whileAnswering,
} from './health.js';
import { standingOf } from './standing.js';

const settings = {
  baseMs: 1_000,
  maxMs: 8_000,
  retryAfterMsMax: 20_000,
  recentMax: 5,
  recentRestMs: 30_000,
};

const failure = (atMs: number, retryAfterMs: number | null = null): AttemptEnd => ({
  isSuccess: false,
  atMs,
  retryAfterMs,
});
const success = (atMs: number): AttemptEnd => ({ isSuccess: true, atMs, retryAfterMs: null });
const after = (...ends: readonly AttemptEnd[]) =>
  ends.reduce<Cooldown | undefined>((known, end) => afterAttempt(known, end, settings), undefined);

describe('afterAttempt', () => {
  it('doubles the cooldown with each failure after the last one ended, up to the longest', () => {
    let known: Cooldown | undefined;
    let atMs = 0;
    const lengths: number[] = [];
    for (let round = 0; round < 6; round += 1) {
      known = afterAttempt(known, failure(atMs), settings);
      lengths.push((known?.untilMs ?? 0) - atMs);
      atMs = known?.untilMs ?? 0;
    }
    expect(lengths).toEqual([1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
  });

  it('counts the failures of one outage once, however many requests met it', () => {
    expect(after(failure(0), failure(10), failure(900))).toMatchObject({
      failures: 1,
      untilMs: 1_000,
    });
  });

  it('honours Retry-After where it is longer, and believes only so much of it', () => {
    expect(after(failure(0, 5_000))?.untilMs).toBe(5_000);
    expect(after(failure(0, 10))?.untilMs).toBe(1_000);
    expect(after(failure(0, 86_400_000))?.untilMs).toBe(20_000);
    expect(after(failure(0), failure(10, 5_000))?.untilMs).toBe(5_010);
  });

  it('is over with a success', () => {
    expect(after(failure(0), success(10))?.untilMs).toBeLessThanOrEqual(10);
    expect(after(failure(0), failure(1_000), success(1_500), failure(2_000))).toMatchObject({
      failures: 1,
      untilMs: 3_000,
    });
  });

  it('remembers nothing of one that never failed', () => {
    expect(after(success(0), success(10))).toBeUndefined();
  });

  it('begins anew when the last trouble is long over', () => {
    expect(after(failure(0), failure(1_000), failure(60_000))).toMatchObject({ failures: 1 });
  });

  it('lets no failure that is told late undo a success', () => {
    const known = after(failure(0), success(100));
    expect(afterAttempt(known, failure(50), settings)).toEqual({
      ...known,
      recent: [false, true, false],
    });
  });

  it('remembers the latest ends from the first failure on, and begins anew after a rest', () => {
    expect(after(success(0), failure(1), success(2), success(3))?.recent).toEqual([
      false,
      true,
      true,
    ]);
    const many = after(...Array.from({ length: 9 }, (_, at) => (at < 7 ? failure : success)(at)));
    expect(many?.recent).toEqual([false, false, false, true, true]);
    expect(after(failure(0), failure(10), success(30_010))?.recent).toEqual([true]);
  });

  it('ends a trial, however it went', () => {
    const known = after(failure(0));
    for (const end of [failure(2_000), success(2_000)]) {
      const next = known && afterAttempt({ ...known, trialUntilMs: 9_000 }, end, settings);
      expect(next).not.toHaveProperty('trialUntilMs');
    }
  });

  it('never cools for longer than the longest of both limits', () => {
    const ends = fc.array(
      fc.record({
        isSuccess: fc.boolean(),
        atMs: fc.integer({ min: 0, max: 100_000 }),
        retryAfterMs: fc.option(fc.integer({ min: 0, max: 86_400_000 })),
      }),
    );
    fc.assert(
      fc.property(ends, (all) => {
        const known = after(...all);
        const lastMs = Math.max(0, ...all.map(({ atMs }) => atMs));
        if (known) expect(known.untilMs).toBeLessThanOrEqual(lastMs + 20_000);
      }),
    );
  });
});

describe(joinedHealth, () => {
  const cooldown: fc.Arbitrary<Cooldown> = fc
    .record({
      failures: fc.nat(3),
      lastEndAtMs: fc.nat(100),
      untilMs: fc.nat(100),
      trialUntilMs: fc.option(fc.nat(100), { nil: undefined }),
      recent: fc.array(fc.boolean(), { maxLength: 5 }),
    })
    .map(({ trialUntilMs, ...known }) => ({
      ...known,
      ...(trialUntilMs !== undefined && { trialUntilMs }),
    }));
  const maybe = fc.option(cooldown, { nil: undefined });

  it('stands as the worse of the endpoint and the upstream itself', () => {
    fc.assert(
      fc.property(maybe, maybe, fc.nat(120), (byEndpoint, itself, nowMs) => {
        const found = standingOf(joinedHealth(byEndpoint, itself), nowMs);
        const each = [byEndpoint, itself].map((known) => standingOf(known, nowMs));
        const isCooling = each.some(({ coolUntilMs }) => coolUntilMs > nowMs);
        expect(found.coolUntilMs > nowMs).toBe(isCooling);
        const isOnTrial = !isCooling && each.some((one) => one.isOnTrial);
        expect(found.isOnTrial ?? false).toBe(isOnTrial);
      }),
    );
  });

  it('has the ends of the endpoint alone', () => {
    fc.assert(
      fc.property(maybe, maybe, (byEndpoint, itself) => {
        const found = joinedHealth(byEndpoint, itself);
        expect(found?.recent).toEqual(byEndpoint?.recent);
        if (byEndpoint) expect(found?.lastEndAtMs).toBe(byEndpoint.lastEndAtMs);
      }),
    );
  });

  it('tells the reason of whichever lasts longer', () => {
    const own = after({ ...failure(0), reason: 'model_missing' });
    const itself = after({ ...failure(0, 5_000), reason: 'rate_limited' });
    expect(joinedHealth(own, itself)?.reason).toBe('rate_limited');
    expect(joinedHealth(own, undefined)?.reason).toBe('model_missing');
  });
});

describe(afterSharedFailure, () => {
  it('counts, and cools nothing', () => {
    const known = afterSharedFailure(undefined, failure(10), settings);
    expect(known).toMatchObject({ failures: 0, recent: [false] });
    expect(standingOf(known, 10)).toEqual({ coolUntilMs: 0 });
    const cooling = after(failure(0));
    expect(afterSharedFailure(cooling, failure(10), settings)).toEqual({
      ...cooling,
      lastEndAtMs: 10,
      recent: [false, false],
    });
  });
});

describe(whileAnswering, () => {
  it('takes an answer that goes on for a success, so that others may be asked too', () => {
    const known = after(failure(0), failure(1_000));
    expect(whileAnswering(known, 3_500)).toMatchObject({ failures: 0, untilMs: 3_500 });
    expect(whileAnswering(known, 3_500)?.recent).toEqual(known?.recent);
  });

  it('changes nothing of one that is well, or that has failed since', () => {
    expect(whileAnswering(undefined, 5)).toBeUndefined();
    const well = after(failure(0), success(10));
    expect(whileAnswering(well, 20)).toBe(well);
    const failed = after(failure(100));
    expect(whileAnswering(failed, 50)).toBe(failed);
  });
});
