import {
  isObject,
  type JsonBody,
  missing,
  modelProblem,
  type RequestProblem,
  wrongType,
} from './json-body.js';
import { documentTexts, inputPrompts } from './prompt-list.js';

/** As OpenAI has it. */
const embeddedMax = 2_048;
/** Each is read by the model in turn. */
const documentsMax = 1_000;
const judgedMax = 256;

export function embeddingProblem(body: JsonBody): RequestProblem | undefined {
  const inputs = inputPrompts(body.input);
  const wrong = !inputs
    ? missing('input', 'a text, a list of texts, or tokens')
    : inputs.length > embeddedMax
      ? wrongType('input', `at most ${embeddedMax} texts`)
      : undefined;
  return modelProblem(body) ?? wrong;
}

export function rerankProblem(body: JsonBody): RequestProblem | undefined {
  const problem = modelProblem(body);
  if (problem) return problem;
  const { query } = body;
  if (typeof query !== 'string' || query === '') return missing('query', 'a text');
  const documents = documentTexts(body.documents);
  if (!documents) return missing('documents', 'a list of texts, or of objects with a text');
  return documents.length > documentsMax
    ? wrongType('documents', `at most ${documentsMax} texts`)
    : undefined;
}

/** A text, texts, or parts with texts and pictures. */
export function moderationProblem(body: JsonBody): RequestProblem | undefined {
  const problem = modelProblem(body);
  if (problem) return problem;
  const { input } = body;
  const parts = typeof input === 'string' && input !== '' ? [input] : input;
  const isJudgeable =
    Array.isArray(parts) &&
    parts.length > 0 &&
    parts.every((part) => typeof part === 'string' || isObject(part));
  if (!isJudgeable) return missing('input', 'a text, a list of texts, or a list of parts');
  return parts.length > judgedMax ? wrongType('input', `at most ${judgedMax} parts`) : undefined;
}
