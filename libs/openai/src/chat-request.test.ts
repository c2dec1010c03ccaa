import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chatProblem, toChatRequest } from './chat-request.js';
import { readJsonBody } from './json-body.js';

const valid = { model: 'p/m', messages: [{ role: 'user', content: 'hi' }] };

/** As whoever serves chat reads it. */
function readChatRequest(text: string) {
  const read = readJsonBody(text);
  const problem = 'problem' in read ? read.problem : chatProblem(read.body);
  if (problem || 'problem' in read) return { isValid: false, problem };
  return { isValid: true, request: toChatRequest(read.body) };
}

describe('a chat request', () => {
  it('reads what the market needs', () => {
    const result = readChatRequest(JSON.stringify({ ...valid, stream: true, max_tokens: 5, n: 2 }));
    expect(result).toMatchObject({
      isValid: true,
      request: { model: 'p/m', isStream: true, outputTokensMax: 5, choices: 2 },
    });
  });

  it('prefers max_completion_tokens and takes null for not given', () => {
    const text = JSON.stringify({ ...valid, max_tokens: 9, max_completion_tokens: 5, n: null });
    expect(readChatRequest(text)).toMatchObject({ request: { outputTokensMax: 5, choices: 1 } });
  });

  it.each([
    ['no JSON', '{"model":', 'invalid_json', null],
    ['a list', '[]', 'invalid_json', null],
    ['no model', { messages: valid.messages }, 'missing_required_parameter', 'model'],
    ['a number as model', { ...valid, model: 7 }, 'missing_required_parameter', 'model'],
    ['a giant model', { ...valid, model: 'x'.repeat(513) }, 'invalid_type', 'model'],
    ['no messages', { model: 'm' }, 'missing_required_parameter', 'messages'],
    ['empty messages', { model: 'm', messages: [] }, 'missing_required_parameter', 'messages'],
    ['a text message', { model: 'm', messages: ['hi'] }, 'invalid_type', 'messages[0]'],
    ['a text as stream', { ...valid, stream: 'yes' }, 'invalid_type', 'stream'],
    [
      'a list as stream_options',
      { ...valid, stream_options: [] },
      'invalid_type',
      'stream_options',
    ],
    ['zero max_tokens', { ...valid, max_tokens: 0 }, 'invalid_type', 'max_tokens'],
    [
      'half a token',
      { ...valid, max_completion_tokens: 0.5 },
      'invalid_type',
      'max_completion_tokens',
    ],
    ['too many choices', { ...valid, n: 129 }, 'invalid_type', 'n'],
  ])('refuses %s', (_name, body, code, param) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    expect(readChatRequest(text)).toMatchObject({ isValid: false, problem: { code, param } });
  });

  it('refuses what is deeper than anybody means, however deep', () => {
    const nested = (levels: number) =>
      `{"model":"m","messages":[{"role":"user"}],"tools":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    expect(readChatRequest(nested(255))).toMatchObject({ isValid: true });
    for (const levels of [257, 100_000]) {
      expect(readChatRequest(nested(levels))).toMatchObject({ problem: { code: 'invalid_json' } });
    }
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(typeof readChatRequest(text).isValid).toBe('boolean');
      }),
    );
  });
});
