import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TokenMeter } from './token-meter.js';

const events = Array.from({ length: 9 }, (_, n) => `data: {"n":${n}}\n\n`).join('');
const usage = 'data: {"usage":{"prompt_tokens":3,"completion_tokens":42,"total_tokens":45}}\n\n';

describe(TokenMeter, () => {
  it('counts the same however the stream was cut', () => {
    const property = fc.property(
      fc.array(fc.nat(events.length)),
      fc.boolean(),
      (cuts, hasUsage) => {
        const text = hasUsage ? `${events}${usage}data: [DONE]\n\n` : `${events}data: [DONE]\n\n`;
        const borders = [0, ...cuts.sort((a, b) => a - b), text.length];
        const meter = new TokenMeter();
        let sum = 0;
        for (let i = 1; i < borders.length; i += 1) {
          sum += meter.read(text.slice(borders[i - 1], borders[i]));
        }
        expect(meter.counted).toBe(hasUsage ? 42 : 9);
        expect(sum).toBe(meter.counted);
      },
    );
    fc.assert(property);
  });

  it('reads a whole answer', () => {
    const meter = new TokenMeter();
    meter.read(JSON.stringify({ usage: { completion_tokens: 7, prompt_tokens: 1 } }, undefined, 2));
    expect(meter.counted).toBe(7);
  });

  it('makes nothing of figures that are none', () => {
    const meter = new TokenMeter();
    meter.read('{"completion_tokens":-1,"completion_tokens":"9","completion_tokens":1e9}');
    expect(meter.counted).toBe(0);
  });
});
