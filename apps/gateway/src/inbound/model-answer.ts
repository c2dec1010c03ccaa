import type { CallableModel, Model } from '@aisbf/contracts';

/** A line of the list as buyers read it: OpenAI's fields, and ours beside them. What is not known is left out. */
export function toModel(line: CallableModel): Model {
  const { id, ownedBy, createdAtS, prices } = line;
  return {
    id,
    object: 'model',
    created: createdAtS,
    owned_by: ownedBy,
    pricing: prices ?? undefined,
    batch_percent: line.batchPercent,
    context_length: line.contextLength,
    max_output_tokens: line.outputTokensMax,
    input_modalities: line.inputs,
    output_modalities: line.outputs,
    supports_tools: line.hasTools,
    supported_parameters: line.parameters,
    parameter_size: line.parameterSize,
    quantization: line.quantization,
    architecture: line.architecture,
    endpoints: line.endpoints,
    latency_ms: line.firstMs,
    tokens_per_second: line.tokensPerS,
  };
}
