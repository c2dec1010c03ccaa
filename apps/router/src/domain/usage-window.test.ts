import type { ReportedUsage } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { differenceBpsOf, UsageWindow, usageVerdict } from './usage-window.js';

const units = (prompt: number, output: number) => ({
  prompt_token: prompt,
  completion_token: output,
});
const says = (promptTokens: number, completionTokens: number): ReportedUsage => ({
  promptTokens,
  completionTokens,
});
const limits = { flagBps: 200, pauseBps: 1_000 };

const filled = (requests: readonly (readonly [number, number, ReportedUsage])[], size = 200) => {
  const window = new UsageWindow(size);
  for (const [prompt, output, reported] of requests) window.add(units(prompt, output), reported);
  return window;
};

describe(UsageWindow, () => {
  it('finds what a seller counts too much, in prompts or in output, over all its requests', () => {
    const inflated = filled(Array.from({ length: 200 }, () => [1_000, 500, says(1_000, 558)]));
    expect(inflated.isFull).toBe(true);
    expect(differenceBpsOf(inflated.figures)).toBe(1_000);
    const prompts = filled(Array.from({ length: 200 }, () => [10_000, 10, says(10_464, 10)]));
    expect(differenceBpsOf(prompts.figures)).toBe(400);
    const low = filled(Array.from({ length: 200 }, () => [10_000, 1_000, says(10_000, 500)]));
    expect(differenceBpsOf(low.figures)).toBe(4_920);
  });

  it('holds the marks of chat formats, thinking out of sight and one slip against nobody', () => {
    const honest = Array.from({ length: 199 }, () => [10, 5, says(40, 6)] as const);
    expect(differenceBpsOf(filled([...honest, [10, 5, says(1e12, 1e12)]]).figures)).toBe(50);
    const thinking = new UsageWindow(1);
    thinking.add(units(100, 20), { ...says(100, 1_020), reasoningTokens: 1_000 });
    expect(differenceBpsOf(thinking.figures)).toBe(0);
  });

  it('has the figures of its latest requests, and of no other', () => {
    const count = fc.nat(10_000);
    const request = fc.tuple(
      count,
      count,
      fc.record({ promptTokens: count, completionTokens: count }),
    );
    fc.assert(
      fc.property(fc.array(request), fc.integer({ min: 1, max: 20 }), (requests, size) => {
        const all = filled(requests, size);
        expect(all.figures).toEqual(filled(requests.slice(-size), size).figures);
        expect(all.isFull).toBe(requests.length >= size);
        expect(differenceBpsOf(all.figures)).toBeLessThanOrEqual(10_000);
      }),
    );
  });
});

describe(usageVerdict, () => {
  it.each([
    [200, 0, 'fine'],
    [201, 0, 'flagged'],
    [1_000, 0, 'flagged'],
    [1_001, 0, 'paused'],
    [1_001, 0.25, 'fine'],
    [2_701, 0.25, 'flagged'],
    [3_501, 0.25, 'paused'],
  ])('of %d basis points where we may be off by %d is %s', (bps, deviation, verdict) => {
    expect(usageVerdict(bps, limits, deviation)).toBe(verdict);
  });
});
