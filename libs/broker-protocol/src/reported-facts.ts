import { type JsonObject, toInteger, toObject } from './json-value.js';
import { plainWord, readAbilities } from './reported-abilities.js';
import { type Modality, readModalities } from './reported-modalities.js';

/** What is said of a model beyond its name and context. What is absent was not said. */
export type ReportedFacts = Readonly<{
  inputs?: readonly Modality[];
  outputs?: readonly Modality[];
  /** Whether it calls tools. */
  hasTools?: boolean;
  /** The fields of a request that it heeds. */
  parameters?: readonly string[];
  outputTokensMax?: number;
  /** `8.0B`. */
  parameterSize?: string;
  quantization?: string;
  architecture?: string;
}>;

type Loose = { readonly [name in keyof ReportedFacts]: ReportedFacts[name] | undefined };

const outputFields = [
  'max_output_tokens',
  'max_completion_tokens',
  'max_output_length',
  'max_generation_tokens',
] as const;
const outputTokensLimit = 1_000_000_000;
/** Requests have some thirty fields. */
const parametersMax = 48;
const parameterName = /^[a-z0-9_]{1,32}$/;
/** Buyers are shown it: plain characters, and not many. */
const label = /^[\w .:+/()-]{1,64}$/;

/** Reads what engines, markets and our own worker say of a model, in any of their words. */
export function readFacts(model: JsonObject): ReportedFacts {
  const details = toObject(model.details) ?? {};
  const meta = toObject(model.meta) ?? {};
  const abilities = readAbilities(model);
  const parameters = parametersOf(model.supported_parameters ?? model.supported_openai_params);
  const facts: Loose = {
    ...readModalities(model, abilities),
    hasTools: abilities.get('tools') ?? parameters?.includes('tools'),
    parameters,
    outputTokensMax: outputTokensOf(model),
    parameterSize: sizeOf([
      model.parameter_size,
      details.parameter_size,
      model.parameters,
      meta.n_params,
    ]),
    quantization: labelOf([
      model.quantization,
      model.quantization_level,
      details.quantization_level,
      model.quant,
    ]),
    architecture: labelOf([
      model.architecture,
      model.arch,
      model.family,
      details.family,
      meta.architecture,
    ]),
  };
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

function parametersOf(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const names = value
    .slice(0, parametersMax)
    .flatMap((name) => (typeof name === 'string' ? plainWord(name) : []))
    .filter((name) => parameterName.test(name));
  return names.length > 0 ? [...new Set(names)] : undefined;
}

function outputTokensOf(model: JsonObject): number | undefined {
  const top = toObject(model.top_provider) ?? {};
  const stated = outputFields.map((field) => model[field] ?? top[field]);
  return firstOf(stated, (value) => toInteger(value, 1, outputTokensLimit));
}

/** A text, or the count itself. */
function sizeOf(values: readonly unknown[]): string | undefined {
  return firstOf(values, (value) => (typeof value === 'number' ? sizeText(value) : labelIn(value)));
}

/** Written as people write it: `8.0B`. */
function sizeText(count: number): string | undefined {
  if (!Number.isSafeInteger(count) || count < 1_000_000) return undefined;
  const [unit, sign] = count >= 1e9 ? [1e9, 'B'] : [1e6, 'M'];
  return `${(count / unit).toFixed(1)}${sign}`;
}

function labelOf(values: readonly unknown[]): string | undefined {
  return firstOf(values, labelIn);
}

function labelIn(value: unknown): string | undefined {
  return typeof value === 'string' && label.test(value) ? value : undefined;
}

function firstOf<Found>(
  values: readonly unknown[],
  read: (value: unknown) => Found | undefined,
): Found | undefined {
  for (const value of values) {
    const found = read(value);
    if (found !== undefined) return found;
  }
  return undefined;
}
