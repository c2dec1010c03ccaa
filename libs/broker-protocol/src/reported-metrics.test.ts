import { describe, expect, it } from '@jest/globals';
import { readMetrics } from './reported-metrics.js';

describe(readMetrics, () => {
  it.each([
    [{ metrics: { elapsed_ms: 12.5 } }, { elapsedMs: 12.5, tokensPerSecond: null }],
    [{ payload: { latency_ms: 7, tokens_per_second: 30 } }, { elapsedMs: 7, tokensPerSecond: 30 }],
    [{ metrics: { elapsed_ms: -1, tokens_per_second: 1e9 } }, undefined],
    [{ metrics: { elapsed_ms: '12' }, payload: [] }, undefined],
    [{}, undefined],
  ])('reads %j', (frame, metrics) => {
    expect(readMetrics(frame)).toEqual(metrics);
  });
});
