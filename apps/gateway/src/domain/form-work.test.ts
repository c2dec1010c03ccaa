import { familyOf } from '@aisbf/metering';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Form, FormFile, FormPart } from './form.js';
import { formEndpoints } from './form-endpoints.js';
import { type FormContents, readFormWork } from './form-work.js';

const terms = {
  place: { kind: 'anywhere' } as const,
  sessionHeader: undefined,
  signalLimits: { charactersMax: 100 },
};
const nothing: FormContents = { units: {}, images: [] };

async function* once(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}

const field = (name: string, value: string): FormPart => ({ kind: 'field', name, value });
const file = (name: string, text = 'x'): FormFile => ({
  ...{ kind: 'file', name, filename: 'a.png', contentType: 'image/png', bytes: text.length },
  open: () => once(text),
  read: async (into) => Buffer.from(text).copy(into),
});

function read(parts: readonly FormPart[], contents = nothing, name = 'images.edits') {
  const endpoint = formEndpoints.find((one) => one.name === name);
  if (!endpoint) throw new Error(name);
  const form: Form = { parts, boundary: 'aisbf-0', digest: 'd'.repeat(64) };
  return readFormWork(endpoint, form, contents, terms);
}

const good = [field('model', 'm'), field('prompt', 'a cat'), file('image')];

describe(readFormWork, () => {
  it('reads a form with its files', () => {
    expect(read(good)).toMatchObject({ endpoint: 'images.edits', request: { model: 'm' } });
  });

  it.each([
    ...['model', 'models', 'provider', 'session_id', 'max_cost', 'prompt', 'n', 'stream'],
    ...['seconds', 'response_format', 'size', 'model[]'],
  ])('refuses a file in the place of %s', (name) => {
    const param = name.replace('[]', '');
    for (const parts of [
      [...good, file(name)],
      [file(name), ...good],
      [...good.slice(1), file(name)],
    ]) {
      expect(read(parts)).toEqual({
        ...{ code: 'invalid_type', param },
        message: `'${param}' must be a text, not a file.`,
      });
    }
  });

  it('takes what it reads once only, and of everything else any number', () => {
    const twice = [...good, field('n', '1'), field('n', '10')];
    expect(read(twice)).toMatchObject({ code: 'invalid_type', param: 'n' });
    const others = [...good, field('tag', 'a'), field('tag', 'b'), file('image'), file('extra')];
    expect(read(others)).toMatchObject({ endpoint: 'images.edits' });
  });

  it('counts pictures with the prompt, each as the family of the model has it', () => {
    const tokensOf = (images: FormContents['images']) => {
      const work = read(good, { units: {}, images });
      if ('code' in work) throw new Error(work.message);
      return work.prompt.tokensFor(familyOf('gpt-4o'));
    };
    const words = tokensOf([]);
    const side = fc.option(fc.integer({ min: 1, max: 10_000 }), { nil: undefined });
    fc.assert(
      fc.property(fc.array(side, { maxLength: 16 }), (sides) => {
        const images = sides.map((width) => ({
          size: width === undefined ? undefined : { width, height: width },
          isLowDetail: false,
        }));
        const each = images.map((image) => tokensOf([image]) - words);
        expect(each.every((tokens) => tokens >= 85 + 170)).toBe(true);
        expect(tokensOf(images)).toBe(words + each.reduce((sum, one) => sum + one, 0));
      }),
    );
  });
});
