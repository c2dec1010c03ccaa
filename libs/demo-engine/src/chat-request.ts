import { z } from 'zod';
import { type DemoModel, findDemoModel } from './demo-model.js';
import type { EngineError } from './engine-error.js';

/** Longer answers than this are never asked for by a demonstration. */
const tokensMinMax = 8_192;

const Content = z.union([z.string(), z.array(z.looseObject({ type: z.string() })), z.null()]);

const Body = z.looseObject({
  model: z.string(),
  messages: z.array(z.looseObject({ role: z.string(), content: Content.optional() })).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  /** An extension that some engines know; it makes answers as long as a test needs them. */
  min_tokens: z.int().min(0).max(tokensMinMax).nullish(),
  stop: z.union([z.string().min(1), z.array(z.string().min(1)).max(4)]).nullish(),
  n: z.int().nullish(),
});
type Body = z.infer<typeof Body>;

export type ChatRequest = Readonly<{
  model: DemoModel;
  /** The body as it came: what prompt tokens are counted from. */
  body: unknown;
  seed: string;
  question: string;
  isStream: boolean;
  wantsUsage: boolean;
  stop: readonly string[];
  tokensMin: number;
  tokensMax: number;
}>;

/** Reads a chat request, or says in OpenAI's terms what is wrong with it. */
export function readChatRequest(raw: string): ChatRequest | EngineError {
  let json: unknown;
  try {
    json = JSON.parse(raw);
  } catch {
    return invalid('We could not parse the JSON body of your request.', null, null);
  }
  const parsed = Body.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const param = issue === undefined || issue.path.length === 0 ? null : issue.path.join('.');
    return invalid(
      `Invalid value for '${param ?? 'body'}': ${issue?.message}.`,
      param,
      'invalid_value',
    );
  }
  const body = parsed.data;
  const model = findDemoModel(body.model);
  if (model === undefined) {
    return {
      status: 404,
      type: 'invalid_request_error',
      code: 'model_not_found',
      param: 'model',
      message: `The model '${body.model}' does not exist. This engine has demo-small and demo-large.`,
    };
  }
  if ((body.n ?? 1) !== 1) {
    return invalid("The demo engine gives one choice: 'n' must be 1.", 'n', 'unsupported_value');
  }
  return toChatRequest(model, body, json);
}

function toChatRequest(model: DemoModel, body: Body, json: unknown): ChatRequest {
  const stop = body.stop ?? [];
  return {
    model,
    body: json,
    seed: JSON.stringify(body.messages),
    question: textOf(body.messages.findLast(({ role }) => role === 'user')?.content),
    isStream: body.stream ?? false,
    wantsUsage: body.stream_options?.include_usage ?? false,
    stop: typeof stop === 'string' ? [stop] : stop,
    tokensMin: body.min_tokens ?? 0,
    tokensMax: body.max_completion_tokens ?? body.max_tokens ?? Number.MAX_SAFE_INTEGER,
  };
}

function textOf(content: z.infer<typeof Content> | undefined): string {
  if (typeof content === 'string') return content;
  const parts = content ?? [];
  return parts.map((part) => (typeof part.text === 'string' ? part.text : '')).join(' ');
}

function invalid(message: string, param: string | null, code: string | null): EngineError {
  return { status: 400, type: 'invalid_request_error', code, param, message };
}
