import { familyOf } from '@aisbf/metering';
import type { JsonBody } from '@aisbf/openai';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chatEndpoint, jsonEndpoints } from './json-endpoints.js';
import { type ReadingTerms, readJsonWork } from './json-work.js';
import { factsOf, type Work } from './work.js';

const terms: ReadingTerms = {
  place: { kind: 'anywhere' },
  sessionHeader: undefined,
  signalLimits: { charactersMax: 1_000 },
};

function read(name: string, body: JsonBody) {
  const endpoint = jsonEndpoints.find((one) => one.name === name);
  if (!endpoint) throw new Error(`no endpoint ${name}`);
  return readJsonWork(endpoint, JSON.stringify(body), terms);
}

function workOf(name: string, body: JsonBody): Work {
  const work = read(name, { model: 'p/m', ...body });
  if ('code' in work) throw new Error(work.message);
  return work;
}

/** The least that each endpoint takes. */
const least: Readonly<Record<string, JsonBody>> = {
  'chat.completions': { messages: [{ role: 'user', content: 'hi' }] },
  completions: { prompt: 'hi' },
  embeddings: { input: 'hi' },
  moderations: { input: 'hi' },
  rerank: { query: 'hi', documents: ['ho'] },
  'images.generations': { prompt: 'a cat' },
  'audio.speech': { input: 'hi' },
  'video.generations': { prompt: 'a cat' },
};

describe(readJsonWork, () => {
  it('takes the least of every endpoint, under its own name', () => {
    expect(jsonEndpoints.map(({ name }) => name).sort()).toEqual(Object.keys(least).sort());
    for (const [name, body] of Object.entries(least)) {
      expect(factsOf(workOf(name, body), 1)).toMatchObject({ endpoint: name, route: 'p/m' });
    }
  });

  it.each([
    ['completions', { prompt: '' }, 'prompt'],
    ['completions', { prompt: ['a', 7] }, 'prompt'],
    ['completions', { prompt: Array(65).fill('a'), n: 2 }, 'prompt'],
    ['completions', { prompt: 'a', max_tokens: 0 }, 'max_tokens'],
    ['embeddings', {}, 'input'],
    ['embeddings', { input: [] }, 'input'],
    ['embeddings', { input: [[1], 'a', {}] }, 'input'],
    ['embeddings', { input: Array(2_049).fill('a') }, 'input'],
    ['moderations', { input: 7 }, 'input'],
    ['moderations', { input: [7] }, 'input'],
    ['moderations', { input: Array(257).fill('a') }, 'input'],
    ['rerank', { documents: ['a'] }, 'query'],
    ['rerank', { query: 'a', documents: [7] }, 'documents'],
    ['rerank', { query: 'a', documents: Array(1_001).fill('a') }, 'documents'],
    ['images.generations', { prompt: 7 }, 'prompt'],
    ['images.generations', { prompt: 'a', n: 11 }, 'n'],
    ['images.generations', { prompt: 'a', stream: 'yes' }, 'stream'],
  ] as const)('refuses %s of %j by its %s', (name, body, param) => {
    expect(read(name, { model: 'p/m', ...body })).toMatchObject({ param });
  });

  it('wants a model at every endpoint', () => {
    for (const [name, body] of Object.entries(least)) {
      expect(read(name, body)).toMatchObject({ param: 'model' });
    }
  });

  it('counts what a model is to read, and tokens that came as such as they are', () => {
    const tokens = (name: string, body: JsonBody) =>
      workOf(name, body).prompt.tokensFor(familyOf('gpt-4o'));
    expect(tokens('embeddings', { input: 'one two three' })).toBe(3);
    expect(tokens('embeddings', { input: ['one', 'two', 'three'] })).toBe(3);
    expect(
      tokens('embeddings', {
        input: [
          [1, 2, 3],
          [4, 5],
        ],
      }),
    ).toBe(5);
    expect(tokens('completions', { prompt: 'one', suffix: ' two' })).toBe(2);
    expect(tokens('rerank', { query: 'one', documents: ['two', { text: 'three' }] })).toBe(3);
    expect(tokens('moderations', { input: [{ type: 'text', text: 'one' }, 'two'] })).toBe(2);
  });

  it('asks for as many answers as there are prompts, and pictures', () => {
    expect(workOf('completions', { prompt: ['a', 'b'], n: 3 }).request.choices).toBe(6);
    expect(factsOf(workOf('images.generations', { prompt: 'a', n: 4 }), 1)).toMatchObject({
      units: { image: 4 },
      outputTokensMax: 0,
    });
  });

  it('keeps what is the market’s from an upstream, and every other byte', () => {
    const { bodyFor } = workOf('embeddings', { input: 'hi', max_cost: 1, dimensions: 8 });
    expect(bodyFor('there')).toMatchObject({ contentType: 'application/json' });
    expect(bodyFor('there')?.open()).toBe('{"model":"there","input":"hi","dimensions":8}');
  });

  it('knows a request again by all that it says, and where', () => {
    const hash = (name: string, body: JsonBody) => workOf(name, body).hash();
    expect(hash('embeddings', { input: 'a' })).toBe(hash('embeddings', { input: 'a' }));
    expect(hash('embeddings', { input: 'a' })).not.toBe(hash('embeddings', { input: 'b' }));
    expect(hash('embeddings', { input: 'a' })).not.toBe(hash('moderations', { input: 'a' }));
  });

  it('never throws, whatever it is given', () => {
    const member = fc.constantFrom('model', 'input', 'prompt', 'query', 'documents', 'n', 'stream');
    const anything = fc.dictionary(member, fc.jsonValue()).map((body) => JSON.stringify(body));
    fc.assert(
      fc.property(
        fc.oneof(anything, fc.string()),
        fc.constantFrom(...jsonEndpoints),
        (text, at) => {
          expect(typeof readJsonWork(at, text, terms)).toBe('object');
        },
      ),
    );
  });
});

describe(factsOf, () => {
  const facts = (model: string, models?: string[]) =>
    factsOf(
      workOf(chatEndpoint.name, {
        model,
        ...(models && { models }),
        messages: [{ role: 'user', content: 'write to jo@example.org, zebra' }],
      }),
      7,
    );

  it('looks at a prompt where one of its routes is selected by it, and at no other', () => {
    expect(facts('rig/llama').signals).toBeUndefined();
    expect(facts('autoselect/fast').signals?.private).toEqual(['email']);
    expect(facts('rig/llama', ['autoselect/fast']).signals?.private).toEqual(['email']);
  });

  it('looks at whatever an endpoint calls its prompt', () => {
    for (const [name, body] of [
      ['embeddings', { input: ['jo@example.org'] }],
      ['completions', { prompt: 'jo@example.org' }],
      ['rerank', { query: 'who', documents: [{ text: 'jo@example.org' }] }],
      ['images.generations', { prompt: 'a card for jo@example.org' }],
    ] as const) {
      const work = workOf(name, { model: 'autoselect/fast', ...body });
      expect(factsOf(work, 7).signals?.private).toEqual(['email']);
    }
  });

  it('tells nothing of its text', () => {
    expect(JSON.stringify(facts('autoselect/fast'))).not.toMatch(/zebra|example/);
  });
});
