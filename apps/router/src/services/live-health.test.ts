import type { AttemptEnded, EndpointName } from '@aisbf/contracts';
import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { healthKey } from '../domain/health.js';
import { standingOf } from '../domain/standing.js';
import { HealthSettings, LiveHealth } from './live-health.js';

const cooldown = { baseMs: 2_000, maxMs: 20_000, retryAfterMsMax: 60_000 };
const settings = new HealthSettings(
  { ...cooldown, recentMax: 20, recentRestMs: 20_000 },
  5_000,
  1_000,
);

const ended = (changes: Partial<AttemptEnded> = {}): AttemptEnded => ({
  ...{ type: 'attempt-ended', providerId: 'p', model: 'm', sessionId: null },
  ...{ isSuccess: false, reason: 'server_error', retryAfterMs: null, firstByteMs: null },
  atMs: 1_000,
  ...changes,
});

let health: LiveHealth;

beforeEach(() => {
  health = new LiveHealth(settings);
});

const standing = (endpoint?: EndpointName, nowMs = 1_001) =>
  standingOf(health.cooldownOf(healthKey('p', 'm', null, endpoint)), nowMs);
const isCooling = (endpoint?: EndpointName, nowMs = 1_001) =>
  standing(endpoint, nowMs).coolUntilMs > nowMs;

describe('LiveHealth', () => {
  it.each(['model_missing', 'server_error', 'timeout', 'garbage', 'redirected', 'rate_limited'])(
    'keeps %s to the endpoint that has met it',
    (reason) => {
      health.onAttemptEnded(ended({ endpoint: 'embeddings', reason }));
      expect(isCooling('embeddings')).toBe(true);
      expect(isCooling('chat.completions')).toBe(false);
      expect(isCooling('images.edits')).toBe(false);
    },
  );

  it.each([
    ['unreachable', null],
    ['rejected_credentials', null],
    ['egress_refused', null],
    ['session_gone', null],
    ['worker_silent', null],
    ['list_timeout', null],
    ['rate_limited', 5_000],
  ])('holds %s against all endpoints', (reason, retryAfterMs) => {
    health.onAttemptEnded(ended({ endpoint: 'embeddings', reason, retryAfterMs }));
    for (const endpoint of ['embeddings', 'chat.completions', 'studio'] as const) {
      expect(isCooling(endpoint)).toBe(true);
    }
    expect(health.cooldownOf(healthKey('p', 'other', null))).toBeUndefined();
  });

  it('takes what names no endpoint for chat, as gateways of before mean it', () => {
    health.onAttemptEnded(ended());
    expect(isCooling('chat.completions')).toBe(true);
    expect(isCooling('embeddings')).toBe(false);
    health.onAttemptAnswering({
      ...{ type: 'attempt-answering', providerId: 'p', model: 'm', sessionId: null },
      atMs: 1_500,
    });
    expect(isCooling('chat.completions', 1_501)).toBe(false);
  });

  it('takes a success by one endpoint for the word that it can be reached, and no more', () => {
    health.onAttemptEnded(ended({ endpoint: 'embeddings' }));
    health.onAttemptEnded(ended({ endpoint: 'audio.speech', reason: 'unreachable' }));
    health.onAttemptEnded(
      ended({ endpoint: 'chat.completions', isSuccess: true, reason: null, atMs: 1_500 }),
    );
    expect(standing('audio.speech', 1_501)).toEqual({ coolUntilMs: 0 });
    expect(isCooling('embeddings', 1_501)).toBe(true);
  });

  it('counts the ends of each endpoint by itself, whatever the fault was', () => {
    const reasons = ['unreachable', 'server_error', null];
    for (const [at, reason] of reasons.entries()) {
      const isSuccess = reason === null;
      health.onAttemptEnded(ended({ reason, isSuccess, atMs: 1_000 + at }));
    }
    health.onAttemptEnded(ended({ endpoint: 'embeddings', isSuccess: true, reason: null }));
    expect(health.cooldownOf(healthKey('p', 'm', null))?.recent).toEqual([false, false, true]);
    expect(health.cooldownOf(healthKey('p', 'm', null, 'embeddings'))?.recent).toBeUndefined();
  });

  it('lets one request try out both the endpoint and whether anybody is there', () => {
    health.onAttemptEnded(ended());
    health.onAttemptEnded(ended({ reason: 'unreachable' }));
    expect(standing(undefined, 3_000)).toEqual({ coolUntilMs: 0, isOnTrial: true });
    health.beginTrial(healthKey('p', 'm', null), 3_000);
    expect(isCooling('chat.completions', 3_001)).toBe(true);
    expect(isCooling('embeddings', 3_001)).toBe(true);
    health.endTrial(healthKey('p', 'm', null));
    expect(standing(undefined, 3_001).isOnTrial).toBe(true);
    health.onAttemptEnded(ended({ isSuccess: true, reason: null, atMs: 3_100 }));
    expect(standing(undefined, 3_101)).toEqual({ coolUntilMs: 0 });
  });

  it('forgets the longest known beyond its limit', () => {
    for (let at = 0; at < 3_000; at += 1) health.onAttemptEnded(ended({ model: `m${at}` }));
    expect(health.size).toBe(1_000);
  });

  it('never has one endpoint tell of another but through what all of them share', () => {
    const endpoints = ['chat.completions', 'embeddings', 'studio'] as const;
    const end = fc.record({
      endpoint: fc.constantFrom(...endpoints),
      isSuccess: fc.boolean(),
      reason: fc.constantFrom('server_error', 'model_missing', 'timeout', 'cut'),
      atMs: fc.integer({ min: 0, max: 60_000 }),
    });
    fc.assert(
      fc.property(fc.array(end, { maxLength: 40 }), (ends) => {
        const together = new LiveHealth(settings);
        for (const one of ends) together.onAttemptEnded(ended(one));
        for (const endpoint of endpoints) {
          const alone = new LiveHealth(settings);
          for (const one of ends) if (one.endpoint === endpoint) alone.onAttemptEnded(ended(one));
          const key = healthKey('p', 'm', null, endpoint);
          expect(together.cooldownOf(key)).toEqual(alone.cooldownOf(key));
        }
      }),
    );
  });

  it('knows of which providers it remembers anything, also when it forgets', () => {
    const endpoints = ['chat.completions', 'embeddings'] as const;
    const end = fc.record({
      providerId: fc.constantFrom('a', 'b', 'c'),
      sessionId: fc.constantFrom(null, 's', 't'),
      endpoint: fc.constantFrom(...endpoints),
      isSuccess: fc.boolean(),
      reason: fc.constantFrom('server_error', 'unreachable'),
    });
    fc.assert(
      fc.property(fc.array(end), (all) => {
        const forgetful = new LiveHealth(new HealthSettings(settings.cooldown, 100, 3));
        for (const [atMs, one] of all.entries()) forgetful.onAttemptEnded(ended({ ...one, atMs }));
        for (const providerId of ['a', 'b', 'c']) {
          const keys = [null, 's', 't'].flatMap((sessionId) =>
            endpoints.map((endpoint) => healthKey(providerId, 'm', sessionId, endpoint)),
          );
          const isRemembered = keys.some((key) => forgetful.cooldownOf(key) !== undefined);
          expect(forgetful.hasCooldowns(providerId)).toBe(isRemembered);
        }
        expect(forgetful.size).toBeLessThanOrEqual(3);
      }),
    );
  });
});
