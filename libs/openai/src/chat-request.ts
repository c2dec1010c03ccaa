/** What the market reads from a chat request. Everything else passes through as it came. */
export type ChatRequest = Readonly<{
  model: string;
  isStream: boolean;
  outputTokensMax: number | null;
  choices: number;
  /** A stream is to end with a chunk of counts. */
  hasUsageChunk: boolean;
  /** The parsed body, for counting its text. Never for sending: the bytes that came are what is sent. */
  body: Readonly<Record<string, unknown>>;
}>;

/** What is wrong with a request, in the terms of OpenAI's error object. */
export type RequestProblem = Readonly<{ code: string; message: string; param: string | null }>;

export type ChatRequestResult =
  | Readonly<{ isValid: true; request: ChatRequest }>
  | Readonly<{ isValid: false; problem: RequestProblem }>;

/** The longest route name there is, `{owner}/provider/{name}/{model}` with room to spare. */
const modelLengthMax = 512;
const choicesMax = 128;
/** Nobody means more than this, and a reader that follows every level would run out of stack on it. */
const levelsMax = 256;
/** More than any model writes; a number above it is a mistake. */
const outputTokensLimit = 10_000_000;

/** Reads a chat request from its JSON text. */
export function readChatRequest(text: string): ChatRequestResult {
  const body = parseObject(text);
  if (!body) return invalid('invalid_json', 'The body is not a JSON object.', null);
  if (isDeeper(body, levelsMax))
    return invalid('invalid_json', `The body has more than ${levelsMax} levels.`, null);
  const problem = problemOf(body);
  if (problem) return { isValid: false, problem };
  return {
    isValid: true,
    request: {
      model: String(body.model),
      isStream: body.stream === true,
      outputTokensMax: numberOrNull(body.max_completion_tokens) ?? numberOrNull(body.max_tokens),
      choices: numberOrNull(body.n) ?? 1,
      hasUsageChunk: isObject(body.stream_options) && body.stream_options.include_usage === true,
      body,
    },
  };
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

function problemOf(body: Record<string, unknown>): RequestProblem | undefined {
  const { model, messages, stream, stream_options: streamOptions } = body;
  if (typeof model !== 'string' || model === '') return missing('model', 'a model or route');
  if (model.length > modelLengthMax)
    return wrongType('model', `at most ${modelLengthMax} characters`);
  if (!Array.isArray(messages) || messages.length === 0)
    return missing('messages', 'a list of messages');
  const badAt = messages.findIndex(
    (message) => !isObject(message) || typeof message.role !== 'string',
  );
  if (badAt >= 0) return wrongType(`messages[${badAt}]`, 'an object with a role');
  if (!isNullish(stream) && typeof stream !== 'boolean')
    return wrongType('stream', 'true or false');
  if (!isNullish(streamOptions) && !isObject(streamOptions))
    return wrongType('stream_options', 'an object');
  return (
    countProblem(body, 'max_tokens', outputTokensLimit) ??
    countProblem(body, 'max_completion_tokens', outputTokensLimit) ??
    countProblem(body, 'n', choicesMax)
  );
}

function countProblem(body: Record<string, unknown>, name: string, max: number) {
  const value = body[name];
  if (isNullish(value)) return undefined;
  const isCount =
    typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max;
  return isCount ? undefined : wrongType(name, `a whole number from 1 to ${max}`);
}

function invalid(code: string, message: string, param: string | null): ChatRequestResult {
  return { isValid: false, problem: { code, message, param } };
}

function missing(param: string, what: string): RequestProblem {
  return { code: 'missing_required_parameter', message: `'${param}' must be ${what}.`, param };
}

function wrongType(param: string, what: string): RequestProblem {
  return { code: 'invalid_type', message: `'${param}' must be ${what}.`, param };
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1));
}

function isNullish(value: unknown): boolean {
  return value === undefined || value === null;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
