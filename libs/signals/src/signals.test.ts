import { Signals } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { signalsOf } from './signals.js';

const limits = { charactersMax: 262_144 };
const of = (content: unknown, more: object = {}) =>
  signalsOf({ messages: [{ role: 'user', content }], ...more }, 10, limits);

describe(signalsOf, () => {
  it('says nothing of a prompt that is nothing in particular', () => {
    expect(of('Name three rivers of Asia.')).toEqual({
      contextClass: 'short',
      turns: 1,
      inputs: [],
      hasTools: false,
      isStructured: false,
      language: 'en',
      subjects: [],
      codeShare: 0,
      mathsShare: 0,
      private: [],
      isCut: false,
      metadata: {},
    });
  });

  it('keeps to its contract and tells no text of the prompt, whatever comes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.string({ unit: 'binary' }), (json, text) => {
        const marked = `${text} zebra-crossing-4711`;
        for (const content of [json, text, marked, [{ type: 'text', text: marked }]]) {
          const signals = of(content, { tools: json, response_format: json, metadata: json });
          expect(Signals.safeParse(signals).error).toBeUndefined();
          const { metadata: _own, ...read } = signals;
          expect(JSON.stringify(read)).not.toContain('zebra');
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['short', 0],
    ['short', 1_999],
    ['medium', 2_000],
    ['long', 16_000],
    ['huge', 128_000],
  ])('calls a prompt %s from its tokens (%d)', (contextClass, tokens) => {
    expect(signalsOf({ messages: [] }, tokens, limits).contextClass).toBe(contextClass);
  });

  it('sees pictures, tools, forms of answers and what the buyer says of the request', () => {
    const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } };
    const signals = of([picture, { type: 'text', text: 'What is this?' }], {
      tools: [{ type: 'function', function: { name: 'look' } }],
      response_format: { type: 'json_schema', json_schema: { name: 'x' } },
      metadata: { tier: 'gold', long: 'x'.repeat(129), number: 4, 'not a name!': 'x' },
    });
    expect(signals).toMatchObject({
      inputs: ['image'],
      hasTools: true,
      isStructured: true,
      isCut: false,
      metadata: { tier: 'gold' },
    });
    expect(of('x', { response_format: { type: 'text' } }).isStructured).toBe(false);
  });

  it('says where not all was looked at', () => {
    const long = 'a '.repeat(limits.charactersMax / 2);
    expect(of(long).isCut).toBe(false);
    expect(of(`${long}b`).isCut).toBe(true);
    expect(
      signalsOf({ messages: [{ role: 'user', content: 'x' }] }, 1, { charactersMax: 0 }).isCut,
    ).toBe(true);
    expect(of([{ type: 'file', file: { file_data: 'JVBERi0' } }]).isCut).toBe(true);
    expect(of([{ type: 'hologram', data: 'AAAA' }]).isCut).toBe(true);
    expect(of([{ type: 'text', text: 'hello' }]).isCut).toBe(false);
  });

  it('looks at every message, tool and call, but not at the bytes of pictures', () => {
    const secret = 'reach me at jo@example.org';
    const kinds = (body: object) => signalsOf({ messages: [], ...body }, 1, limits).private;
    const spots = [
      { messages: [{ role: 'system', content: secret }] },
      { messages: [{ role: 'tool', content: [{ type: 'text', text: secret }] }] },
      { messages: [{ role: 'assistant', tool_calls: [{ function: { arguments: secret } }] }] },
      { messages: [{ role: 'user', name: 'jo@example.org', content: '' }] },
      { tools: [{ type: 'function', function: { description: secret } }] },
      {
        messages: [
          {
            role: 'user',
            content: [{ type: 'image_url', image_url: { url: `https://x.example/?to=${secret}` } }],
          },
        ],
      },
      { user: 'jo@example.org' },
    ];
    for (const spot of spots) expect(kinds(spot)).toEqual(['email']);
    const bytes = { type: 'input_audio', input_audio: { data: `data:x,${secret}`, format: 'wav' } };
    expect(kinds({ messages: [{ role: 'user', content: [bytes] }] })).toEqual([]);
  });
});

describe('what a prompt is about', () => {
  it.each([
    ['Write a function in Python that reverses a list.', ['code']],
    ['function add(a, b) {\n  return a + b;\n}\nadd(1, 2);', ['code']],
    ['Solve the equation 3x + 4 = 19.', ['maths']],
    ['Berechne die Ableitung von x^2.', ['maths']],
    ['Translate this to French: the weather is nice', ['translation']],
    ['Übersetze ins Englische: Guten Tag', ['translation']],
    ['把这句话翻译成英文：我很高兴', ['translation']],
    ['Hi there, how are you?', ['smalltalk']],
    ['Merci beaucoup, bonne nuit !', ['smalltalk']],
    ['Why is the sky blue?', []],
    ['In 2024 the company sold 1,200 units.', []],
  ])('is told by its words: %s', (text, subjects) => {
    expect(of(text).subjects).toEqual(subjects);
  });

  it.each([
    ['What is the capital of France and how old is it?', 'en'],
    ['Was ist die Hauptstadt von Frankreich und wie alt ist sie?', 'de'],
    ['Quelle est la capitale de la France et quel est son âge ?', 'fr'],
    ['¿Cuál es la capital de Francia y cómo se llama el río?', 'es'],
    ['Qual è la capitale della Francia e come si chiama il fiume?', 'it'],
    ['Wat is de hoofdstad van Frankrijk en hoe oud is het?', 'nl'],
    ['Как называется столица Франции?', 'ru'],
    ['Яка столиця Франції і її річка?', 'uk'],
    ['フランスの首都はどこですか', 'ja'],
    ['法国的首都是哪里？', 'zh'],
    ['프랑스의 수도는 어디입니까?', 'ko'],
    ['ما هي عاصمة فرنسا؟', 'ar'],
    ['zzz qqq', null],
    ['', null],
  ])('its language is told by its script and its little words: %s', (text, language) => {
    expect(of(text).language).toBe(language);
  });
});
