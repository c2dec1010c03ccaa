import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Repeating } from './repeating.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** Work whose ends are in the test's hands. */
function work() {
  const ends: (() => void)[] = [];
  const begin = () => new Promise<void>((resolve) => ends.push(resolve));
  return { begin, begun: () => ends.length, end: () => ends.at(-1)?.() };
}

describe(Repeating, () => {
  it('begins when the interval is over, or at once where that is wished', async () => {
    const [later, now] = [work(), work()];
    new Repeating(later.begin, 100).start();
    new Repeating(now.begin, 100).startNow();
    expect([later.begun(), now.begun()]).toEqual([0, 1]);
    await jest.advanceTimersByTimeAsync(100);
    expect([later.begun(), now.begun()]).toEqual([1, 1]);
  });

  it('is done again an interval after it has ended, and never beside itself', async () => {
    const { begin, begun, end } = work();
    new Repeating(begin, 100).startNow();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(begun()).toBe(1);
    end();
    await jest.advanceTimersByTimeAsync(99);
    expect(begun()).toBe(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(begun()).toBe(2);
  });

  it('stops when what is under way has ended, and begins nothing more', async () => {
    const { begin, begun, end } = work();
    const repeating = new Repeating(begin, 100);
    repeating.startNow();
    let isStopped = false;
    const stopping = repeating.stop().then(() => {
      isStopped = true;
    });
    await jest.advanceTimersByTimeAsync(1_000);
    expect(isStopped).toBe(false);
    end();
    await stopping;
    await jest.advanceTimersByTimeAsync(1_000);
    expect(begun()).toBe(1);
  });

  it('stops before it has ever begun', async () => {
    const { begin, begun } = work();
    const repeating = new Repeating(begin, 100);
    repeating.start();
    await repeating.stop();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(begun()).toBe(0);
  });
});
