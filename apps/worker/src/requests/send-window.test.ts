import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ReaderStalled, SendWindow } from './send-window.js';

describe(SendWindow, () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** Whether it lets its sender go on, and how. */
  const wait = (window: SendWindow) => {
    const seen: string[] = [];
    window.room().then(
      () => seen.push('room'),
      (error: unknown) => seen.push(error instanceof ReaderStalled ? 'stalled' : 'broken'),
    );
    return async () => {
      await jest.advanceTimersByTimeAsync(0);
      return seen;
    };
  };

  it('is always open where nobody tells what was read', async () => {
    const window = new SendWindow(undefined, 1_000);
    window.sent(1e12);
    expect(await wait(window)()).toEqual(['room']);
  });

  it('closes at its size, and opens when enough was read, whatever else is said', async () => {
    const window = new SendWindow(100, 1_000);
    window.sent(99);
    expect(await wait(window)()).toEqual(['room']);
    window.sent(51);
    const seen = wait(window);
    window.read(50);
    expect(await seen()).toEqual([]);
    window.read(10);
    window.read(50);
    expect(await seen()).toEqual([]);
    window.read(51);
    expect(await seen()).toEqual(['room']);
    window.read(0);
    expect(await wait(window)()).toEqual(['room']);
  });

  it('lets go at once when it is closed for good', async () => {
    const window = new SendWindow(1, 1_000);
    window.sent(5);
    const seen = wait(window);
    window.close();
    expect(await seen()).toEqual(['room']);
    await jest.advanceTimersByTimeAsync(5_000);
    expect(await seen()).toEqual(['room']);
  });

  it('waits for no reader for longer than it may', async () => {
    const window = new SendWindow(1, 1_000);
    window.sent(5);
    const seen = wait(window);
    await jest.advanceTimersByTimeAsync(999);
    expect(await seen()).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(await seen()).toEqual(['stalled']);
  });
});
