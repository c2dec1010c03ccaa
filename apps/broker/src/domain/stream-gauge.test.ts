import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { StreamGauge } from './stream-gauge.js';

const delta = (fields: object): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: fields }] })}\n\n`;

function gaugeOf(pieces: readonly (readonly [string, number])[]) {
  const gauge = new StreamGauge();
  for (const [text, atMs] of pieces) gauge.take(Buffer.from(text), atMs);
  return gauge;
}

describe(StreamGauge, () => {
  it('counts events that hold text, not those that open or end the stream', () => {
    const gauge = gaugeOf([
      [delta({ role: 'assistant', content: '' }), 1_100],
      [delta({ content: 'One' }), 1_500],
      [delta({ content: ' two' }) + delta({ content: ' three' }), 1_750],
      [delta({ reasoning_content: 'hm' }), 2_500],
      [`${delta({})}data: {"usage":{"completion_tokens":4}}\n\ndata: [DONE]\n\n`, 3_100],
    ]);
    expect(gauge.figures(1_000, 3_100)).toEqual({
      firstMs: 100,
      firstContentMs: 500,
      chunksPerSecond: 2,
      contentEventsPerSecond: 3,
    });
  });

  it.each([
    ['a chat with spaces', 'data: {"delta": {"content": "a"}}\n'],
    ['a text completion', 'data:{"choices":[{"text":"a"}]}\n'],
    ['a call of a tool', 'data: {"tool_calls":[{"function":{"arguments":"{"}}]}\n'],
    ['a text that begins with a quote', 'data: {"content":"\\""}\n'],
  ])('knows %s', (_, line) => {
    expect(gaugeOf([[line, 7]]).figures(0, 7).firstContentMs).toBe(7);
  });

  it.each([
    ['nothing', 'data: {"content":null,"text":""}\n'],
    ['a text that quotes such a field', 'data: {"name":"\\"content\\":\\"x\\""}\n'],
    ['a comment', ': "content":"x"\n'],
  ])('does not take %s for text', (_, line) => {
    expect(gaugeOf([[line, 7]]).figures(0, 7).firstContentMs).toBeNull();
  });

  it('knows no rates of an answer in one piece, nor of none', () => {
    const gauge = new StreamGauge();
    const unknown = { firstContentMs: null, chunksPerSecond: null, contentEventsPerSecond: null };
    expect(gauge.figures(5, 9)).toEqual({ firstMs: null, ...unknown });
    gauge.begin(8);
    expect(gauge.figures(5, 9)).toEqual({ firstMs: 3, ...unknown });
  });

  it('counts the same however the stream is cut into pieces', () => {
    const text = fc.oneof(fc.constant(''), fc.string({ minLength: 1, unit: 'grapheme' }));
    fc.assert(
      fc.property(fc.array(text), fc.array(fc.nat(400)), (texts, cuts) => {
        const bytes = Buffer.from(texts.map((content) => delta({ content })).join(''));
        const gauge = new StreamGauge();
        let from = 0;
        let atMs = 0;
        for (const length of [...cuts, bytes.length]) {
          atMs += 1_000;
          gauge.take(bytes.subarray(from, from + length), atMs);
          from += length;
        }
        const held = texts.filter((one) => one !== '').length;
        const { firstContentMs, contentEventsPerSecond } = gauge.figures(0, atMs);
        expect(firstContentMs !== null).toBe(held > 0);
        // Whole seconds lie between any two, so the count is the rate times their number.
        const seconds = (held - 1) / (contentEventsPerSecond ?? Number.POSITIVE_INFINITY);
        expect(Math.abs(seconds - Math.round(seconds))).toBeLessThan(1e-6);
        expect(seconds).toBeLessThanOrEqual(cuts.length);
      }),
    );
  });
});
