import { describe, expect, it } from '@jest/globals';
import { verdict } from './target-verdict.js';

const target = { title: 'size', unit: 'KB', limit: 25, isAtMost: true, measured: 25 };

describe(verdict, () => {
  it('is met at the limit and on its better side', () => {
    expect(verdict(target)).toBe('met');
    expect(verdict({ ...target, measured: 0 })).toBe('met');
    expect(verdict({ ...target, isAtMost: false, measured: 26 })).toBe('met');
  });

  it('says by how much it is missed, as a share of the limit', () => {
    expect(verdict({ ...target, measured: 50 })).toBe('**missed** by 100 %');
    expect(verdict({ ...target, measured: 25.5 })).toBe('**missed** by 2.0 %');
    expect(verdict({ ...target, isAtMost: false, measured: 10 })).toBe('**missed** by 60 %');
  });

  it('does not call met what was not measured', () => {
    for (const isAtMost of [true, false]) {
      expect(verdict({ ...target, isAtMost, measured: Number.NaN })).toBe('not measured');
    }
  });
});
