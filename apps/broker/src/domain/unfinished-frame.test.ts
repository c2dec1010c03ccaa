import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { UnfinishedFrame } from './unfinished-frame.js';

const msMax = 1_000;

type Said = Readonly<{ type: 'message' | 'control'; bytes: number; afterMs: number }>;
const said: fc.Arbitrary<Said> = fc.record({
  type: fc.constantFrom('message', 'control'),
  bytes: fc.nat(125),
  afterMs: fc.nat(10_000),
});

describe(UnfinishedFrame, () => {
  it('bears with whoever says whole messages, pings and pongs, for as long as it likes', () => {
    fc.assert(
      fc.property(fc.array(said), (all) => {
        const frame = new UnfinishedFrame(msMax);
        let [bytesRead, nowMs] = [300, 0];
        frame.onMessage(bytesRead);
        for (const { type, bytes, afterMs } of all) {
          bytesRead += bytes + 6;
          nowMs += afterMs;
          if (type === 'message') frame.onMessage(bytesRead);
          else expect(frame.onControl(bytes, bytesRead, nowMs)).toBe(false);
        }
      }),
    );
  });

  it('notices one that has begun and does not end, once its time is over', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), fc.nat(125), (begunBytes, pingBytes) => {
        const frame = new UnfinishedFrame(msMax);
        frame.onMessage(300);
        let bytesRead = 300 + begunBytes;
        const ping = (nowMs: number) => {
          bytesRead += pingBytes + 6;
          return frame.onControl(pingBytes, bytesRead, nowMs);
        };
        expect([ping(0), ping(msMax), ping(msMax + 1)]).toEqual([false, false, true]);
        frame.onMessage(bytesRead);
        expect(ping(10 * msMax)).toBe(false);
      }),
    );
  });

  it('is not deceived by pings that come in the same read as a message', () => {
    const frame = new UnfinishedFrame(msMax);
    frame.onMessage(1_000);
    for (let count = 0; count < 100; count += 1) frame.onControl(0, 1_000, 0);
    expect(frame.onControl(0, 1_010, 1)).toBe(false);
    expect(frame.onControl(0, 1_016, msMax + 2)).toBe(true);
  });
});
