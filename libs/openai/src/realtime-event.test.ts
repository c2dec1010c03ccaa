import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bytesOfBase64, readRealtimeEvent, readRealtimeNews } from './realtime-event.js';

const newsOf = (event: object) => {
  const read = readRealtimeEvent(JSON.stringify(event));
  return read && readRealtimeNews(read);
};
const names = { response_id: 'r', item_id: 'i' };

describe(readRealtimeEvent, () => {
  it('reads nothing but objects with a type', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const event = readRealtimeEvent(text);
        expect(event === undefined || typeof event.type === 'string').toBe(true);
      }),
    );
    const deep = `{"type":"a","b":${'['.repeat(9_999)}${']'.repeat(9_999)}}`;
    for (const text of ['', '{', 'null', '[]', '"a"', '{"type":1}', deep]) {
      expect(readRealtimeEvent(text)).toBeUndefined();
    }
  });
});

describe(readRealtimeNews, () => {
  it('reads whatever comes without throwing', () => {
    const types = fc.constantFrom('response.done', 'error', 'response.created', 'response.x.delta');
    fc.assert(
      fc.property(types, fc.dictionary(fc.string(), fc.jsonValue()), (type, body) => {
        expect(newsOf({ ...body, type })).toHaveProperty('kind');
      }),
    );
  });

  it.each([
    ['today’s', 'response.output_text.delta', 'response.output_audio_transcript.done'],
    ['the beta’s', 'response.text.delta', 'response.audio_transcript.done'],
  ])('finds the words in %s events', (_whose, delta, done) => {
    expect(newsOf({ type: delta, ...names, content_index: 0, delta: 'hi' })).toEqual({
      ...{ kind: 'answer', responseId: 'r', soundBytes: 0 },
      parts: [{ part: 'i/0', text: 'hi', isWhole: false }],
    });
    expect(newsOf({ type: done, ...names, content_index: 1, transcript: 'hi you' })).toMatchObject({
      parts: [{ part: 'i/1', text: 'hi you', isWhole: true }],
    });
  });

  it.each(['response.output_audio.delta', 'response.audio.delta'])(
    'measures the sound of %s, which is no words',
    (type) => {
      const delta = Buffer.alloc(100).toString('base64');
      expect(newsOf({ type, ...names, content_index: 0, delta })).toMatchObject({
        ...{ parts: [], soundBytes: 100 },
      });
    },
  );

  it('finds what is called, and with what', () => {
    const type = 'response.function_call_arguments.delta';
    expect(newsOf({ type, ...names, delta: '{"a"' })).toMatchObject({
      parts: [{ part: 'i/arguments', text: '{"a"', isWhole: false }],
    });
    const item = { id: 'i', type: 'function_call', name: 'look', arguments: '{"a":1}' };
    expect(newsOf({ type: 'response.output_item.done', response_id: 'r', item })).toMatchObject({
      parts: [
        { part: 'i/name', text: 'look', isWhole: true },
        { part: 'i/arguments', text: '{"a":1}', isWhole: true },
      ],
    });
  });

  it('finds words that were kept for the end', () => {
    const content = [{ type: 'output_audio', transcript: 'hi' }, { text: 'you' }];
    const output = [{ id: 'i', type: 'message', content }];
    const response = { id: 'r', status: 'completed', output };
    expect(newsOf({ type: 'response.done', response })).toEqual({
      ...{ kind: 'response-done', responseId: 'r', status: 'completed', usage: null },
      parts: [
        { part: 'i/0', text: 'hi', isWhole: true },
        { part: 'i/1', text: 'you', isWhole: true },
      ],
    });
  });

  it.each([
    [
      {
        input_tokens: 50,
        output_tokens: 60,
        input_token_details: {
          ...{ text_tokens: 20, audio_tokens: 30, cached_tokens: 15 },
          cached_tokens_details: { text_tokens: 5, audio_tokens: 10 },
        },
        output_token_details: { text_tokens: 25, audio_tokens: 35 },
      },
      { promptTokens: 20, completionTokens: 25, cachedPromptTokens: 5, isToldApart: true },
    ],
    [
      { input_tokens: 50, output_tokens: 60 },
      { promptTokens: 50, completionTokens: 60, isToldApart: false },
    ],
    [{ input_tokens: -1, output_tokens: 60 }, null],
    [{ input_tokens: 1.5, output_tokens: 'many' }, null],
    ['much', null],
  ])('reads words, not sound, from usage %#', (usage, expected) => {
    const news = newsOf({ type: 'response.done', response: { id: 'r', status: 's', usage } });
    expect(news).toMatchObject({ usage: expected });
  });
});

describe(bytesOfBase64, () => {
  it('says how long it is without reading it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(bytesOfBase64(Buffer.from(bytes).toString('base64'))).toBe(bytes.length);
      }),
    );
    for (const value of [undefined, null, 7, {}]) expect(bytesOfBase64(value)).toBe(0);
  });
});
