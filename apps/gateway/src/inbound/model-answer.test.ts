import { Model } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import { toModel } from './model-answer.js';

const plain = { id: 'rig/llama', ownedBy: 'anna', createdAtS: 5, prices: null };
const asJson = (line: Parameters<typeof toModel>[0]): unknown =>
  JSON.parse(JSON.stringify(toModel(line)));

describe(toModel, () => {
  it("leaves out what is not known, so that OpenAI's clients see OpenAI's line", () => {
    const line = { id: 'rig/llama', object: 'model', created: 5, owned_by: 'anna' };
    expect(asJson(plain)).toEqual(line);
  });

  it('tells everything that is known, in the form that is promised', () => {
    const line = asJson({
      ...plain,
      prices: { prompt_token: '1' },
      batchPercent: 50,
      contextLength: 8_192,
      outputTokensMax: 4_096,
      inputs: ['text', 'image'],
      outputs: ['text'],
      hasTools: false,
      parameters: ['temperature'],
      parameterSize: '8.0B',
      quantization: 'Q4_K_M',
      architecture: 'llama',
      endpoints: ['/v1/chat/completions'],
      firstMs: 120,
      tokensPerS: 51.5,
    });
    expect(line).toEqual({
      id: 'rig/llama',
      object: 'model',
      created: 5,
      owned_by: 'anna',
      pricing: { prompt_token: '1' },
      batch_percent: 50,
      context_length: 8_192,
      max_output_tokens: 4_096,
      input_modalities: ['text', 'image'],
      output_modalities: ['text'],
      supports_tools: false,
      supported_parameters: ['temperature'],
      parameter_size: '8.0B',
      quantization: 'Q4_K_M',
      architecture: 'llama',
      endpoints: ['/v1/chat/completions'],
      latency_ms: 120,
      tokens_per_second: 51.5,
    });
    expect(Model.parse(line)).toEqual(line);
  });
});
