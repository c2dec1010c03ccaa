/** What an engine tells of a model in lists of its own, in one spelling for all engines. */
export type ModelDetails = Readonly<{
  context_length?: number;
  parameter_size?: string;
  quantization?: string;
  architecture?: string;
  capabilities?: readonly string[];
  /** All that can be sent. Only where the engine says it of each kind: what is not in it is refused. */
  input_modalities?: readonly string[];
  /** Only where the engine says yes or no. */
  supports_tools?: boolean;
}>;

type Row = Readonly<Record<string, unknown>>;
type DetailsByName = ReadonlyMap<string, ModelDetails>;

/**
 * Ollama's `/api/tags` tells what a model is, `/api/ps` with what context it is loaded. The context that it
 * was trained with is no use to a buyer: longer prompts are cut off silently at the loaded one.
 */
export function ollamaDetails(tags: unknown, running: unknown): DetailsByName {
  const contexts = new Map(
    rowsOf(running, 'models').map((row) => [textOf(row.name), positive(row.context_length)]),
  );
  return named(rowsOf(tags, 'models'), 'name', (row) => {
    const details = toRow(row.details);
    const capabilities = textsOf(row.capabilities);
    // Ollama's list is complete: what a chatting model lacks in it is refused.
    const chatting = capabilities?.includes('completion') ? capabilities : undefined;
    return {
      context_length: contexts.get(textOf(row.name)),
      parameter_size: textOf(details.parameter_size),
      quantization: textOf(details.quantization_level),
      architecture: textOf(details.family),
      capabilities,
      input_modalities: chatting && inputsOf(chatting),
      supports_tools: chatting?.includes('tools'),
    };
  });
}

/** LM Studio's `/api/v0/models`. The loaded context counts, where the model is loaded. */
export function lmStudioDetails(list: unknown): DetailsByName {
  return named(rowsOf(list, 'data'), 'id', (row) => ({
    context_length: positive(row.loaded_context_length) ?? positive(row.max_context_length),
    quantization: textOf(row.quantization),
    architecture: textOf(row.arch),
    capabilities: [...(row.type === 'vlm' ? ['vision'] : []), ...(textsOf(row.capabilities) ?? [])],
    input_modalities: inputsOfType.get(row.type),
  }));
}

/** LM Studio tells models that see from those that do not. */
const inputsOfType: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['llm', ['text']],
  ['vlm', ['text', 'image']],
]);

/** llama.cpp's `/props`: one model, whose context is shared out evenly among its slots. */
export function llamaCppDetails(props: unknown): ModelDetails {
  const row = toRow(props);
  const context = positive(toRow(row.default_generation_settings).n_ctx);
  const modalities = toRow(row.modalities);
  const capabilities = Object.keys(modalities).filter((name) => modalities[name] === true);
  const isSaid = typeof modalities.vision === 'boolean';
  return stated({
    context_length: context,
    capabilities,
    input_modalities: isSaid ? inputsOf(capabilities) : undefined,
  });
}

function inputsOf(capabilities: readonly string[]): readonly string[] {
  return [
    'text',
    ...(capabilities.includes('vision') ? ['image'] : []),
    ...(capabilities.includes('audio') ? ['audio'] : []),
  ];
}

type Loose = { readonly [name in keyof ModelDetails]: ModelDetails[name] | undefined };

function named(rows: readonly Row[], field: string, describe: (row: Row) => Loose): DetailsByName {
  const entries = rows.flatMap((row) => {
    const name = textOf(row[field]);
    return name === undefined ? [] : [[name, stated(describe(row))] as const];
  });
  return new Map(entries);
}

/** Leaves out what the engine does not say. */
function stated(details: Loose): ModelDetails {
  const isSaid = (value: unknown): boolean => !Array.isArray(value) || value.length > 0;
  return Object.fromEntries(
    Object.entries(details).filter(([, value]) => value !== undefined && isSaid(value)),
  );
}

function rowsOf(value: unknown, field: string): readonly Row[] {
  const list = toRow(value)[field];
  return Array.isArray(list) ? list.map(toRow) : [];
}

function toRow(value: unknown): Row {
  const isRow = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRow ? (value as Row) : {};
}

/** Names and kinds are short; whatever is longer is none. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= 256 ? value : undefined;
}

function textsOf(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.slice(0, 32).flatMap((item) => textOf(item) ?? []);
}

function positive(value: unknown): number | undefined {
  return Number.isInteger(value) && Number(value) > 0 ? Number(value) : undefined;
}
