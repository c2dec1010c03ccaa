import {
  type ContextClass,
  contextClasses,
  MetadataName,
  metadataValueMax,
  type Signals,
} from '@aisbf/contracts';
import { hasTools, isObject, promptInputs } from '@aisbf/openai';
import { languageOf } from './language.js';
import { privateKinds } from './private-kinds.js';
import { promptText } from './prompt-text.js';
import { codeShareOf, mathsShareOf, subjectsOf } from './subjects.js';

export type SignalLimits = Readonly<{
  /** Of the prompt's text; what is beyond it is not looked at, and the signals say so. */
  charactersMax: number;
}>;

type Body = Readonly<Record<string, unknown>>;

/** As many pairs as OpenAI allows. */
const metadataPairsMax = 16;

/** Reads what a route can be selected by. The signals hold nothing of the prompt's own text. */
export function signalsOf(
  body: Body,
  promptTokens: number,
  { charactersMax }: SignalLimits,
): Signals {
  const { pieces, asked: text, isCut } = promptText(body, charactersMax);
  const words = wordsOf(text);
  const codeShare = codeShareOf(text);
  return {
    contextClass: contextClassOf(promptTokens),
    turns: Array.isArray(body.messages) ? body.messages.length : 0,
    inputs: [...promptInputs(body)],
    hasTools: hasTools(body),
    isStructured: isStructured(body),
    language: languageOf(text, words),
    subjects: subjectsOf({ text, words }, codeShare),
    codeShare,
    mathsShare: mathsShareOf(text),
    private: [...privateKinds(pieces)],
    isCut,
    metadata: metadataOf(body.metadata),
  };
}

function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}][\p{L}\p{N}+#]*/gu) ?? [];
}

function contextClassOf(promptTokens: number): ContextClass {
  const { medium, long, huge } = contextClasses;
  if (promptTokens < medium) return 'short';
  if (promptTokens < long) return 'medium';
  return promptTokens < huge ? 'long' : 'huge';
}

/** A form of answer other than text was asked for. */
function isStructured({
  response_format: format,
  json_schema: schema,
  guided_json: guided,
}: Body): boolean {
  const isFormat = isObject(format) && typeof format.type === 'string' && format.type !== 'text';
  return isFormat || isObject(schema) || isObject(guided);
}

function metadataOf(metadata: unknown): Record<string, string> {
  if (!isObject(metadata)) return {};
  const pairs = Object.entries(metadata).flatMap(([name, value]) =>
    typeof value === 'string' &&
    value.length <= metadataValueMax &&
    MetadataName.safeParse(name).success
      ? [[name, value] as const]
      : [],
  );
  return Object.fromEntries(pairs.slice(0, metadataPairsMax));
}
