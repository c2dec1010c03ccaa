import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readStudioAnswer, readStudioEvent } from './studio-answer.js';

describe(readStudioAnswer, () => {
  it.each([
    ['{}', 0],
    ['{"data":[{"url":"x"},{"b64_json":"eA=="},{"url":""},7]}', 2],
    ['{"data":{"url":"x"}}', 0],
    ['[1,2]', 0],
    ['1\n00:00 --> 00:01\nHello', 0],
  ])('%j is one, with %i pieces', (text, media) => {
    expect(readStudioAnswer(text)).toMatchObject({
      kind: 'answer',
      answer: { media, hasContent: true },
    });
  });

  it.each(['', '  ', '<html></html>', '{"a"', '[1,'])('%j is none', (text) => {
    expect(readStudioAnswer(text)).toEqual({ kind: 'garbage' });
  });

  it('hears an error', () => {
    expect(readStudioAnswer('{"error":"out of memory"}')).toMatchObject({ kind: 'error' });
    expect(readStudioEvent('{"error":{"message":"no"}}')).toMatchObject({ kind: 'error' });
  });

  it('takes any JSON that is no error, and never throws', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (text, value) => {
        readStudioAnswer(text);
        readStudioEvent(text);
        const isJson = typeof value === 'object' && value !== null && !('error' in value);
        if (isJson) expect(readStudioAnswer(JSON.stringify(value)).kind).toBe('answer');
      }),
    );
  });
});

describe(readStudioEvent, () => {
  it.each([
    ['{"progress":3}', 0],
    ['{"type":"x.completed","b64_json":"eA=="}', 1],
    ['{"type":"x.partial","b64_json":"eA=="}', 0],
    ['half done', 0],
  ])('%j brings %i', (data, media) => {
    expect(readStudioEvent(data)).toMatchObject({ kind: 'answer', answer: { media } });
  });

  it('knows an end', () => {
    expect(readStudioEvent('[DONE]')).toEqual({ kind: 'done' });
  });
});
