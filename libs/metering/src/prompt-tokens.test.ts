import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { familyOf } from './model-family.js';
import { countPromptTokens, Prompt } from './prompt-tokens.js';

const asking = (content: unknown) => ({ messages: [{ role: 'user', content }] });
const image = (url: unknown, detail?: string) => ({
  type: 'image_url',
  image_url: { url, detail },
});

/** The head of a PNG of this size; nothing else of it is looked at. */
function pngUrl(width: number, height: number): string {
  const bytes = Buffer.alloc(24);
  bytes.write('\u0089PNG\r\n\u001a\n', 'latin1');
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return `data:image/png;base64,${bytes.toString('base64')}`;
}

describe(Prompt, () => {
  const plain = countPromptTokens(asking('hello world'));

  it('counts messages, parts and tools', () => {
    expect(plain).toBe(3 + 4 + 2);
    expect(countPromptTokens(asking([{ type: 'text', text: 'hello world' }]))).toBe(plain);
    expect(countPromptTokens({ ...asking('hello world'), tools: [{ a: 1 }] })).toBeGreaterThan(
      plain,
    );
  });

  it.each([
    ['gpt-4o', pngUrl(1_024, 1_024), undefined, 765],
    ['gpt-4o', pngUrl(2_048, 4_096), undefined, 1_105],
    ['gpt-4o', pngUrl(100, 100), undefined, 255],
    ['gpt-4o', pngUrl(4_000, 4_000), 'low', 85],
    ['gpt-4o', 'https://example.org/picture.png', undefined, 765],
    ['qwen2.5-vl', pngUrl(280, 280), undefined, 100],
    ['qwen2.5-vl', pngUrl(10_000, 10_000), undefined, 1_280],
    ['gemma3', pngUrl(4_000, 4_000), undefined, 256],
    ['gemini-2.0-flash', pngUrl(1_000, 700), undefined, 516],
    ['llama3.2-vision', pngUrl(560, 560), undefined, 1_601],
    ['claude-sonnet-4', pngUrl(750, 100), undefined, 100],
  ])('counts a picture for %s by its size', (model, url, detail, tokens) => {
    const family = familyOf(model);
    const without = countPromptTokens(asking([{ type: 'text', text: 'x' }]), family);
    const content = [{ type: 'text', text: 'x' }, image(url, detail)];
    expect(countPromptTokens(asking(content), family)).toBe(without + tokens);
    const flat = [
      { type: 'text', text: 'x' },
      { type: 'input_image', image_url: url, detail },
    ];
    expect(countPromptTokens(asking(flat), family)).toBe(without + tokens);
  });

  it('reads the size of other formats too', () => {
    const gif = Buffer.from('GIF89a\u0018\u0001\u0018\u0001', 'latin1');
    const jpeg = Buffer.from('ffd8ffe000040000ffc0000b0801180118', 'hex');
    const webp = Buffer.alloc(30);
    webp.write('RIFF____WEBPVP8X', 'latin1');
    webp.writeUIntLE(279, 24, 3);
    webp.writeUIntLE(279, 27, 3);
    for (const bytes of [gif, jpeg, webp]) {
      const url = `data:image/any;base64,${bytes.toString('base64')}`;
      expect(countPromptTokens(asking([image(url)]), familyOf('qwen-vl'))).toBe(3 + 4 + 100);
    }
  });

  it('takes a picture that tells nothing for one of ordinary size', () => {
    const bad = [
      'data:image/png;base64,',
      'data:image/png;base64,////',
      pngUrl(0, 5),
      'data:,x',
      '',
    ];
    for (const url of bad) expect(countPromptTokens(asking([image(url)]))).toBe(3 + 4 + 765);
    for (const url of [7, null, {}]) expect(countPromptTokens(asking([image(url)]))).toBe(3 + 4);
  });

  it('is bounded for any picture, by every family', () => {
    const side = fc.integer({ min: 1, max: 2 ** 31 - 1 });
    const model = fc.constantFrom(
      'gpt-4o',
      'qwen',
      'gemma',
      'gemini',
      'llama3',
      'claude',
      'pixtral',
      'x',
    );
    fc.assert(
      fc.property(side, side, model, (width, height, name) => {
        const tokens = countPromptTokens(asking([image(pngUrl(width, height))]), familyOf(name));
        expect(tokens).toBeGreaterThan(3 + 4);
        expect(tokens).toBeLessThan(64 * 258 + 10);
      }),
    );
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.base64String(), (body, data) => {
        expect(countPromptTokens(body)).toBeGreaterThanOrEqual(0);
        expect(countPromptTokens({ messages: body, tools: body })).toBeGreaterThanOrEqual(0);
        const url = `data:image/jpeg;base64,/9j/${data}`;
        expect(countPromptTokens(asking([image(url), body]))).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe(familyOf, () => {
  it.each([
    ['openai/gpt-4o-mini', 'gpt-4o'],
    ['gpt-4-turbo', 'gpt-4'],
    ['gpt-4.1', 'gpt-4o'],
    ['gpt-3.5-turbo', 'gpt-4'],
    ['o3-mini', 'gpt-4o'],
    ['gpt-oss:20b', 'gpt-4o'],
    ['box/llama3.2', 'llama-3'],
    ['meta-llama/Llama-3.3-70B-Instruct', 'llama-3'],
    ['Llama-2-7b-chat', 'llama-2'],
    ['mistral:7b-instruct', 'llama-2'],
    ['mistral-nemo', 'mistral-tekken'],
    ['mistral-small3.2', 'mistral-tekken'],
    ['qwen2.5-coder:32b', 'qwen'],
    ['deepseek-r1', 'deepseek'],
    ['deepseek-r1-distill-qwen-7b', 'qwen'],
    ['gemma3:27b', 'gemma'],
    ['ann/provider/qwen-box/llama3.2', 'llama-3'],
    ['box/meta-llama/finetune-70b', 'llama-3'],
    ['gemini-2.0-flash', 'gemini'],
    ['claude-3-5-sonnet', 'claude'],
    ['rotation/demo', 'unknown'],
    ['', 'unknown'],
  ])('of %s is %s', (model, name) => {
    expect(familyOf(model).name).toBe(name);
  });
});
