import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fallbackNotice, headerText } from './fallback-notice.js';

const candidates = [{ providerLabel: 'sam/box' }, { providerLabel: 'eva/rig' }];

describe(fallbackNotice, () => {
  it('names who was asked before, in order, and why that came to nothing', () => {
    expect(
      fallbackNotice(
        [
          { position: 0, reason: 'timeout' },
          { position: 1, reason: 'worker_busy' },
        ],
        candidates,
      ),
    ).toBe('sam/box;reason=timeout, eva/rig;reason=worker_busy');
  });

  it('says nothing where the first has served, or nobody has failed', () => {
    expect(fallbackNotice([], candidates)).toBeUndefined();
    expect(fallbackNotice([{ position: 0, reason: null }], candidates)).toBeUndefined();
    expect(fallbackNotice([{ position: 9, reason: 'cut' }], candidates)).toBeUndefined();
  });

  it('is never longer than a kilobyte, and never cuts an entry in two', () => {
    const reasons = fc.array(fc.constantFrom('timeout', 'cut', 'server_error'), { maxLength: 64 });
    const run = fc.property(reasons, fc.stringMatching(/^[a-z]{1,150}$/), (all, name) => {
      const many = all.map(() => ({ providerLabel: `sam/${name}` }));
      const attempts = all.map((reason, position) => ({ position, reason }));
      const notice = fallbackNotice(attempts, many) ?? '';
      expect(notice.length).toBeLessThanOrEqual(1_024);
      const whole = all.map((reason) => `sam/${name};reason=${reason}`);
      const told = notice === '' ? [] : notice.split(', ');
      expect(told).toEqual(whole.slice(0, told.length));
      const next = whole[told.length];
      if (next) expect(notice.length + 2 + next.length).toBeGreaterThan(1_022);
    });
    fc.assert(run);
  });
});

describe(headerText, () => {
  it('is what a header may hold, whatever it is made of', () => {
    expect(headerText('box/llama3:8b')).toBe('box/llama3:8b');
    expect(headerText('box/größe\r\nx: y')).toBe('box/gr%C3%B6%C3%9Fe%0D%0Ax:%20y');
    const text = fc.string({ unit: 'binary' });
    const run = fc.property(text, (any) => expect(headerText(any)).toMatch(/^[!-~]*$/));
    fc.assert(run);
    expect(headerText('\ud800')).toBe('%EF%BF%BD');
  });
});
