import { type JsonObject, toObject } from './json-value.js';

/** What models can do, in our words. `completion` and `multimodal` say something about the others. */
export type Ability =
  | 'vision'
  | 'audio'
  | 'video'
  | 'tools'
  | 'embedding'
  | 'image_generation'
  | 'score'
  | 'completion'
  | 'multimodal';

/** What is said of each: what is not in it is not known. */
export type Abilities = ReadonlyMap<Ability, boolean>;

/** How engines and markets spell them. */
const spellings: ReadonlyMap<string, Ability> = new Map<string, Ability>([
  ['vision', 'vision'],
  ['image_input', 'vision'],
  ['audio', 'audio'],
  ['audio_input', 'audio'],
  ['video', 'video'],
  ['video_input', 'video'],
  ['tools', 'tools'],
  ['tool_use', 'tools'],
  ['tool_calls', 'tools'],
  ['tool_calling', 'tools'],
  ['functions', 'tools'],
  ['function_calling', 'tools'],
  ['embedding', 'embedding'],
  ['embeddings', 'embedding'],
  ['image_generation', 'image_generation'],
  ['text_to_image', 'image_generation'],
  ['rerank', 'score'],
  ['reranker', 'score'],
  ['completion', 'completion'],
  ['multimodal', 'multimodal'],
]);
/** No engine names more; what comes after is not looked at. */
const namesMax = 64;
const flagPrefix = 'supports_';

/**
 * Reads `capabilities` (a list, or an object of what holds and what does not), llama.cpp's `modalities` of
 * the same kind, and flags such as `supports_vision`.
 */
export function readAbilities(model: JsonObject): Abilities {
  return new Map([...ofNames(model.modalities), ...ofNames(model.capabilities), ...ofFlags(model)]);
}

type Said = readonly (readonly [Ability, boolean])[];

function ofNames(value: unknown): Said {
  if (Array.isArray(value)) return value.slice(0, namesMax).flatMap((name) => said(name, true));
  return Object.entries(toObject(value) ?? {})
    .slice(0, namesMax)
    .flatMap(([name, holds]) => said(name, holds));
}

function ofFlags(model: JsonObject): Said {
  return [...new Set(spellings.keys())].flatMap((name) => said(name, model[flagPrefix + name]));
}

function said(name: unknown, holds: unknown): Said {
  if (typeof name !== 'string' || typeof holds !== 'boolean') return [];
  const ability = spellings.get(plainWord(name));
  return ability === undefined ? [] : [[ability, holds]];
}

/** Nobody names a thing in more characters than this. */
const wordLengthMax = 64;

export function plainWord(name: string): string {
  return name
    .slice(0, wordLengthMax)
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_');
}
