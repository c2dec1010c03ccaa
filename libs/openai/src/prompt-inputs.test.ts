import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hasTools, promptInputs } from './prompt-inputs.js';

const asking = (...parts: readonly unknown[]) => ({
  messages: [
    { role: 'system', content: 'Look.' },
    { role: 'user', content: parts },
  ],
});
const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } };
const audio = { type: 'input_audio', input_audio: { data: 'AA', format: 'wav' } };

describe(promptInputs, () => {
  it('names each thing besides text once, wherever it stands', () => {
    expect(promptInputs(asking({ type: 'text', text: 'a' }, image, audio, image))).toEqual([
      'image',
      'audio',
    ]);
    expect(promptInputs(asking({ type: 'video_url' }))).toEqual(['video']);
  });

  it('finds nothing in texts, also in those that speak of images', () => {
    expect(promptInputs({ messages: [{ role: 'user', content: 'image_url' }] })).toEqual([]);
    expect(promptInputs(asking({ type: 'text', text: 'image_url' }))).toEqual([]);
    expect(promptInputs(asking('image_url', null, { type: 'hologram' }, [image]))).toEqual([]);
  });

  it('never throws, and names at most what there is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(promptInputs({ messages: value }).length).toBeLessThanOrEqual(3);
        expect(promptInputs({ messages: [value, { content: [value] }] })).toEqual(
          expect.any(Array),
        );
        expect(typeof hasTools({ tools: value, functions: value })).toBe('boolean');
      }),
    );
  });
});

describe(hasTools, () => {
  it.each([
    [{ tools: [{ type: 'function' }] }, true],
    [{ functions: [{ name: 'f' }], function_call: 'auto' }, true],
    [{ tools: [] }, false],
    [{ tools: 'all' }, false],
    [{ tools: [{ type: 'function' }], tool_choice: 'none' }, false],
    [{}, false],
  ])('of %j is %s', (body, expected) => {
    expect(hasTools(body)).toBe(expected);
  });
});
