import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  distinctFindings,
  findingsMax,
  reconciliationJobs,
  type Window,
  windowDue,
} from './reconciliation.js';

const periodMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
const startMs = Date.UTC(2026, 10, 20);
const job = fc.constantFrom(...reconciliationJobs);

describe(windowDue, () => {
  it('leaves out no moment and looks at none twice, however long nobody looked', () => {
    const pauses = fc.array(fc.integer({ min: 0, max: 200_000_000 }), { maxLength: 30 });
    fc.assert(
      fc.property(job, pauses, (each, waits) => {
        const windows: Window[] = [];
        let nowMs = startMs;
        for (const wait of waits) {
          nowMs += wait;
          const window = windowDue(each, windows.at(-1)?.to, new Date(nowMs));
          if (!window) continue;
          expect(window.to.getTime()).toBeLessThanOrEqual(nowMs - 60_000);
          expect(window.to.getTime() % periodMs[each]).toBe(0);
          windows.push(window);
        }
        windows.slice(1).forEach((window, n) => {
          expect(window.from).toEqual(windows[n]?.to);
        });
        const last = windows.at(-1);
        if (last) expect(nowMs - last.to.getTime()).toBeLessThan(periodMs[each] + 60_000);
      }),
    );
  });

  it('begins with the last whole period', () => {
    const now = new Date('2026-11-25T12:34:56Z');
    expect(windowDue('day', undefined, now)).toEqual({
      from: new Date('2026-11-24T00:00:00Z'),
      to: new Date('2026-11-25T00:00:00Z'),
    });
  });

  it('is nothing while the period is not over for a minute', () => {
    const lastEnd = new Date('2026-11-25T12:00:00Z');
    expect(windowDue('hour', lastEnd, new Date('2026-11-25T13:00:59.999Z'))).toBeUndefined();
    expect(windowDue('hour', lastEnd, new Date('2026-11-25T13:01:00Z'))?.to).toEqual(
      new Date('2026-11-25T13:00:00Z'),
    );
  });

  it('is nothing where the clock was set back', () => {
    const lastEnd = new Date('2026-11-25T12:00:00Z');
    expect(windowDue('minute', lastEnd, new Date('2026-11-25T11:00:00Z'))).toBeUndefined();
  });
});

describe(distinctFindings, () => {
  const finding = (n: number) => ({ violation: 'fee', subject: `r${n}`, detail: 'x' });

  it('names each once', () => {
    expect(distinctFindings([finding(1), finding(2), finding(1)])).toEqual([
      finding(1),
      finding(2),
    ]);
  });

  it('keeps no more than can be read', () => {
    const many = Array.from({ length: findingsMax + 5 }, (_, n) => finding(n));
    expect(distinctFindings(many)).toHaveLength(findingsMax);
  });
});
