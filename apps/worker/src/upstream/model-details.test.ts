import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { llamaCppDetails, lmStudioDetails, ollamaDetails } from './model-details.js';

describe(ollamaDetails, () => {
  const tags = {
    models: [
      {
        name: 'llama3.2:latest',
        size: 2019393189,
        details: { family: 'llama', parameter_size: '3.2B', quantization_level: 'Q4_K_M' },
      },
      { name: 'llava', details: null, capabilities: ['vision', 'completion', 7] },
      { details: {} },
    ],
  };

  it('joins what a model is with the context that it is loaded with', () => {
    const running = { models: [{ name: 'llama3.2:latest', context_length: 4096 }] };
    expect(Object.fromEntries(ollamaDetails(tags, running))).toEqual({
      'llama3.2:latest': {
        context_length: 4096,
        parameter_size: '3.2B',
        quantization: 'Q4_K_M',
        architecture: 'llama',
      },
      llava: {
        capabilities: ['vision', 'completion'],
        input_modalities: ['text', 'image'],
        supports_tools: false,
      },
    });
  });

  it('says nothing of inputs and tools where the list is not of a model that chats', () => {
    const models = [{ name: 'bge', capabilities: ['embedding'] }, { name: 'old' }];
    expect(Object.fromEntries(ollamaDetails({ models }, {}))).toEqual({
      bge: { capabilities: ['embedding'] },
      old: {},
    });
  });
});

describe(lmStudioDetails, () => {
  it('prefers the loaded context to the largest', () => {
    const data = [
      { id: 'a', type: 'vlm', arch: 'gemma3', quantization: '4bit', max_context_length: 131072 },
      {
        id: 'b',
        max_context_length: 131072,
        loaded_context_length: 8192,
        capabilities: ['tool_use'],
      },
    ];
    expect(Object.fromEntries(lmStudioDetails({ data }))).toEqual({
      a: {
        context_length: 131072,
        quantization: '4bit',
        architecture: 'gemma3',
        capabilities: ['vision'],
        input_modalities: ['text', 'image'],
      },
      b: { context_length: 8192, capabilities: ['tool_use'] },
    });
  });
});

describe(llamaCppDetails, () => {
  it('tells the context of a slot and what else than text can be sent', () => {
    const props = {
      default_generation_settings: { n_ctx: 16384 },
      modalities: { vision: true, audio: false },
    };
    expect(llamaCppDetails(props)).toEqual({
      context_length: 16384,
      capabilities: ['vision'],
      input_modalities: ['text', 'image'],
    });
    expect(llamaCppDetails({ modalities: { vision: false } })).toEqual({
      input_modalities: ['text'],
    });
  });
});

it('makes nothing of nonsense, and never fails', () => {
  const property = fc.property(fc.jsonValue(), fc.jsonValue(), (one, two) => {
    ollamaDetails(one, two);
    ollamaDetails({ models: one }, { models: [two] });
    lmStudioDetails({ data: [one, two] });
    expect(llamaCppDetails({ default_generation_settings: one })).not.toHaveProperty('n_ctx');
  });
  fc.assert(property);
  expect(llamaCppDetails({ default_generation_settings: { n_ctx: -1 } })).toEqual({});
  expect(ollamaDetails(null, [])).toEqual(new Map());
});
