import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ReportedFacts, readFacts } from './reported-facts.js';

const cases: readonly (readonly [who: string, model: object, facts: ReportedFacts])[] = [
  [
    'our worker',
    {
      id: 'm',
      input_modalities: ['text', 'image'],
      supports_tools: false,
      capabilities: ['completion'],
      parameter_size: '3.2B',
      quantization: 'Q4_K_M',
      architecture: 'llama',
    },
    {
      inputs: ['text', 'image'],
      outputs: ['text'],
      hasTools: false,
      parameterSize: '3.2B',
      quantization: 'Q4_K_M',
      architecture: 'llama',
    },
  ],
  [
    'Ollama',
    {
      name: 'm',
      details: { family: 'gemma3', parameter_size: '12B', quantization_level: 'Q8_0' },
      capabilities: ['completion', 'tools'],
    },
    {
      inputs: ['text'],
      outputs: ['text'],
      hasTools: true,
      parameterSize: '12B',
      quantization: 'Q8_0',
      architecture: 'gemma3',
    },
  ],
  ['Ollama of an embedding model', { capabilities: ['embedding'] }, { outputs: ['embedding'] }],
  [
    'llama.cpp',
    { capabilities: ['completion', 'multimodal'], meta: { n_params: 8_030_261_248 } },
    { outputs: ['text'], parameterSize: '8.0B' },
  ],
  [
    'the properties of llama.cpp',
    { modalities: { vision: true, audio: false } },
    { inputs: ['text', 'image'] },
  ],
  [
    'LM Studio',
    { type: 'vlm', arch: 'qwen2_vl' },
    { inputs: ['text', 'image'], architecture: 'qwen2_vl' },
  ],
  [
    'OpenRouter',
    {
      architecture: { modality: 'text+image->text', tokenizer: 'x' },
      top_provider: { max_completion_tokens: 8_192 },
      supported_parameters: ['temperature', 'top_p'],
    },
    {
      inputs: ['text', 'image'],
      outputs: ['text'],
      hasTools: false,
      parameters: ['temperature', 'top_p'],
      outputTokensMax: 8_192,
    },
  ],
  [
    'models.dev',
    { modalities: { input: ['text', 'pdf'], output: ['text'] } },
    { inputs: ['text', 'file'], outputs: ['text'] },
  ],
  [
    'Mistral',
    { capabilities: { completion_chat: true, function_calling: true, vision: false } },
    { inputs: ['text'], hasTools: true },
  ],
  [
    'LiteLLM',
    { supports_vision: true, supports_function_calling: true, max_output_tokens: '4096' },
    { inputs: ['text', 'image'], hasTools: true, outputTokensMax: 4_096 },
  ],
  ['a list of modalities', { modalities: ['text', 'audio'] }, { inputs: ['text', 'audio'] }],
  ['a size that is a number', { parameters: 350_000_000 }, { parameterSize: '350.0M' }],
];

const words = fc.constantFrom('text', 'image', 'vision', 'tools', 'completion', 'x'.repeat(99), '');
const anything = fc.oneof(
  fc.jsonValue(),
  fc.array(words, { maxLength: 300 }),
  fc.dictionary(words, fc.boolean()),
  words,
  fc.integer(),
);
const names = [
  'type',
  'modality',
  'modalities',
  'input_modalities',
  'output_modalities',
  'architecture',
  'capabilities',
  'supports_vision',
  'supported_parameters',
  'parameters',
  'parameter_size',
  'quantization',
  'details',
  'meta',
  'top_provider',
  'max_output_tokens',
] as const;
const models = fc
  .tuple(...names.map(() => fc.option(anything, { nil: undefined })))
  .map((values) => Object.fromEntries(names.map((name, place) => [name, values[place]])));

describe(readFacts, () => {
  it.each(cases)('reads what %s says', (_who, model, facts) => {
    expect(readFacts({ ...model })).toEqual(facts);
  });

  it.each([
    ['nothing', {}],
    ['a type that may take anything', { type: 'llm', object: 'model' }],
    ['a list that names only some abilities', { capabilities: ['streaming', 'chat'] }],
    ['words that nobody knows', { input_modalities: ['smell'], modality: 'text' }],
    ['values of other kinds', { capabilities: 7, supports_vision: 'yes', modalities: null }],
    ['texts that are none for buyers', { quantization: '<b>', architecture: 'x'.repeat(65) }],
    ['figures that cannot be true', { max_output_tokens: -1, parameters: 1e300 }],
  ])('makes nothing of %s', (_what, model) => {
    expect(readFacts(model)).toEqual({});
  });

  it('never throws, and keeps within its bounds whatever is said', () => {
    const text = expect.stringMatching(/^[\w .:+/()-]{1,64}$/);
    fc.assert(
      fc.property(models, (model) => {
        const facts = readFacts(model);
        for (const list of [facts.inputs, facts.outputs]) {
          expect(list === undefined || (list.length > 0 && list.length <= 7)).toBe(true);
          expect(new Set(list).size).toBe(list?.length ?? 0);
        }
        expect(facts.parameters?.length ?? 1).toBeLessThanOrEqual(48);
        for (const name of facts.parameters ?? []) expect(name).toMatch(/^[a-z0-9_]{1,32}$/);
        const { parameterSize = 'x', quantization = 'x', architecture = 'x' } = facts;
        expect([parameterSize, quantization, architecture]).toEqual([text, text, text]);
        expect(facts.outputTokensMax ?? 1).toBeGreaterThan(0);
        expect(Object.values(facts)).not.toContain(undefined);
      }),
      { numRuns: 2_000 },
    );
  });
});
