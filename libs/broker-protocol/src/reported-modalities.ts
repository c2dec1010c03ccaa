import { type JsonObject, toObject } from './json-value.js';
import { type Abilities, plainWord } from './reported-abilities.js';

/** What goes into a model or comes out of it. */
export type Modality = 'text' | 'image' | 'audio' | 'video' | 'file' | 'embedding' | 'score';

/** All that goes in, and all that comes out; undefined where that is not said. */
export type Modalities = Readonly<{
  inputs: readonly Modality[] | undefined;
  outputs: readonly Modality[] | undefined;
}>;

const spellings: ReadonlyMap<string, Modality> = new Map<string, Modality>([
  ['text', 'text'],
  ['image', 'image'],
  ['images', 'image'],
  ['vision', 'image'],
  ['audio', 'audio'],
  ['speech', 'audio'],
  ['video', 'video'],
  ['file', 'file'],
  ['files', 'file'],
  ['pdf', 'file'],
  ['embedding', 'embedding'],
  ['embeddings', 'embedding'],
  ['score', 'score'],
  ['scores', 'score'],
]);
/** What `type` says for certain. A `chat` or `llm` may take images too, so they say nothing. */
const ofType: ReadonlyMap<string, Partial<Modalities>> = new Map<string, Partial<Modalities>>([
  ['vlm', { inputs: ['text', 'image'] }],
  ['vision', { inputs: ['text', 'image'] }],
  ['embedding', { outputs: ['embedding'] }],
  ['embeddings', { outputs: ['embedding'] }],
  ['rerank', { outputs: ['score'] }],
  ['reranker', { outputs: ['score'] }],
  ['image', { outputs: ['image'] }],
  ['image_generation', { outputs: ['image'] }],
  ['text_to_image', { outputs: ['image'] }],
  ['tts', { outputs: ['audio'] }],
  ['text_to_speech', { outputs: ['audio'] }],
  ['stt', { inputs: ['audio'], outputs: ['text'] }],
  ['speech_to_text', { inputs: ['audio'], outputs: ['text'] }],
  ['transcription', { inputs: ['audio'], outputs: ['text'] }],
]);
/** A list of modalities is never longer. */
const namesMax = 32;
const arrowTextMax = 128;

/** The plainest statement wins: lists of modalities, then their short form, abilities, and the type. */
export function readModalities(model: JsonObject, abilities: Abilities): Modalities {
  const architecture = toObject(model.architecture) ?? {};
  const modalities = toObject(model.modalities) ?? {};
  const [arrowIn, arrowOut] = arrowOf(architecture.modality ?? model.modality);
  const type = typeof model.type === 'string' ? ofType.get(plainWord(model.type)) : undefined;
  return {
    inputs:
      listed(model.input_modalities ?? architecture.input_modalities ?? modalities.input) ??
      arrowIn ??
      listed(model.modalities) ??
      inputsOf(abilities) ??
      type?.inputs,
    outputs:
      listed(model.output_modalities ?? architecture.output_modalities ?? modalities.output) ??
      arrowOut ??
      outputsOf(abilities) ??
      type?.outputs,
  };
}

/** `text+image->text`. */
function arrowOf(value: unknown): readonly (readonly Modality[] | undefined)[] {
  if (typeof value !== 'string' || value.length > arrowTextMax) return [];
  const sides = value.split('->');
  return sides.length === 2 ? sides.map((side) => listed(side.split('+'))) : [];
}

/** A list of which we know no word says nothing. */
function listed(value: unknown): readonly Modality[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const known = value
    .slice(0, namesMax)
    .flatMap((name) => (typeof name === 'string' ? (spellings.get(plainWord(name)) ?? []) : []));
  return known.length > 0 ? [...new Set(known)] : undefined;
}

/** A list with `completion` in it is an engine's whole list, so what it lacks is not taken. */
function inputsOf(abilities: Abilities): readonly Modality[] | undefined {
  const taken = [
    ...(abilities.get('vision') ? (['image'] as const) : []),
    ...(abilities.get('audio') ? (['audio'] as const) : []),
    ...(abilities.get('video') ? (['video'] as const) : []),
  ];
  if (taken.length > 0) return ['text', ...taken];
  if (abilities.get('multimodal')) return undefined;
  const isTextOnly = abilities.get('vision') === false || abilities.get('completion') === true;
  return isTextOnly ? ['text'] : undefined;
}

function outputsOf(abilities: Abilities): readonly Modality[] | undefined {
  if (abilities.get('completion')) return ['text'];
  if (abilities.get('embedding')) return ['embedding'];
  if (abilities.get('score')) return ['score'];
  return abilities.get('image_generation') ? ['image'] : undefined;
}
