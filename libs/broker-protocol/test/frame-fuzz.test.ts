import { describe, expect, it } from '@jest/globals';
import { fuzz } from './frame-fuzz.js';

describe('a hundred thousand mutated frames', () => {
  it('crash nothing, and no request ends twice', () => {
    const { types, breaches } = fuzz(100_000, 20_260_101);
    expect(breaches).toEqual([]);
    for (const type of ['register', 'heartbeat', 'heartbeat-answer', 'answer', 'unreadable']) {
      expect(types.get(type)).toBeGreaterThan(1_000);
    }
  }, 60_000);
});

describe('a hundred thousand mutated binary messages', () => {
  it('crash nothing, and no request ends twice', () => {
    const { types, breaches } = fuzz(100_000, 20_260_102, 'binary');
    expect(breaches).toEqual([]);
    for (const type of ['answer', 'foreign-op', 'unreadable']) {
      expect(types.get(type)).toBeGreaterThan(1_000);
    }
  }, 60_000);
});
