/** What is wrong with a request, in the terms of OpenAI's error object. */
export type RequestProblem = Readonly<{
  code: string;
  message: string;
  param: string | null;
  /** The request is good, and asks for a part of the API that is not served. */
  isFeature?: true;
}>;

export type JsonBody = Readonly<Record<string, unknown>>;

/** Nobody means more than this, and a reader that follows every level would run out of stack on it. */
const levelsMax = 256;
/** The longest route name there is, `{owner}/provider/{name}/{model}` with room to spare. */
const modelLengthMax = 512;
/** More than any model writes; a number above it is a mistake. */
const outputTokensLimit = 10_000_000;
const choicesMax = 128;

/** All of it but the members of these names. */
export function omitting(body: JsonBody, names: ReadonlySet<string>): JsonBody {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !names.has(name)));
}

/** The body of a request, or what keeps it from being one. */
export function readJsonBody(
  text: string,
): Readonly<{ body: JsonBody }> | Readonly<{ problem: RequestProblem }> {
  const body = parseObject(text);
  if (!body) return invalidJson('The body is not a JSON object.');
  if (isDeeper(body, levelsMax)) return invalidJson(`The body has more than ${levelsMax} levels.`);
  return { body };
}

function invalidJson(message: string) {
  return { problem: { code: 'invalid_json', message, param: null } };
}

export function modelProblem({ model }: JsonBody): RequestProblem | undefined {
  if (typeof model !== 'string' || model === '') return missing('model', 'a model or route');
  if (model.length > modelLengthMax)
    return wrongType('model', `at most ${modelLengthMax} characters`);
  return undefined;
}

export function streamProblem(body: JsonBody): RequestProblem | undefined {
  const { stream, stream_options: streamOptions } = body;
  if (!isNullish(stream) && typeof stream !== 'boolean')
    return wrongType('stream', 'true or false');
  if (!isNullish(streamOptions) && !isObject(streamOptions))
    return wrongType('stream_options', 'an object');
  return undefined;
}

export function outputTokensProblem(
  body: JsonBody,
  ...names: readonly string[]
): RequestProblem | undefined {
  return names
    .map((name) => countProblem(body, name, outputTokensLimit))
    .find((problem) => problem !== undefined);
}

export function choicesProblem(body: JsonBody): RequestProblem | undefined {
  return countProblem(body, 'n', choicesMax);
}

export function countProblem(
  body: JsonBody,
  name: string,
  max: number,
): RequestProblem | undefined {
  const value = body[name];
  if (isNullish(value)) return undefined;
  const isCount =
    typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max;
  return isCount ? undefined : wrongType(name, `a whole number from 1 to ${max}`);
}

export function missing(param: string, what: string): RequestProblem {
  return { code: 'missing_required_parameter', message: `'${param}' must be ${what}.`, param };
}

export function wrongType(param: string, what: string): RequestProblem {
  return { code: 'invalid_type', message: `'${param}' must be ${what}.`, param };
}

export function isNullish(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

export function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    // Text that is no JSON is what this function is asked to find out.
    return undefined;
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  // The values of a list would be a copy of it, which may be long.
  const parts: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  return levels === 0 || parts.some((part) => isDeeper(part, levels - 1));
}
