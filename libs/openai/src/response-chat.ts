import {
  type AsChat,
  asChat,
  malformed,
  unsupported,
  unsupportedFeature,
} from './inexpressible.js';
import {
  isNullish,
  isObject,
  type JsonBody,
  missing,
  modelProblem,
  omitting,
  outputTokensProblem,
  type RequestProblem,
  streamProblem,
} from './json-body.js';
import { shown, textAt, toMessages } from './response-input.js';

/** As many items as are read; a conversation of more has been gathered by a mistake. */
const itemsMax = 4_096;

/** What is wrong with a Responses request, whoever it is for. */
export function responseProblem(body: JsonBody): RequestProblem | undefined {
  return (
    modelProblem(body) ??
    inputProblem(body) ??
    streamProblem(body) ??
    outputTokensProblem(body, 'max_output_tokens')
  );
}

function inputProblem({ input, instructions }: JsonBody): RequestProblem | undefined {
  if (!isNullish(instructions) && typeof instructions !== 'string') {
    return { ...missing('instructions', 'a text'), code: 'invalid_type' };
  }
  const isText = typeof input === 'string' && input !== '';
  const isList = Array.isArray(input) && input.length > 0 && input.length <= itemsMax;
  return isText || isList
    ? undefined
    : missing('input', `a text or a list of up to ${itemsMax} items`);
}

/** Members that have another name or form in chat, or none. Every other goes along as it is. */
const ownMembers: ReadonlySet<string> = new Set([
  ...['input', 'instructions', 'max_output_tokens', 'text', 'reasoning', 'tools', 'tool_choice'],
  ...['previous_response_id', 'store', 'include', 'truncation', 'background', 'conversation'],
  ...['prompt', 'max_tool_calls', 'top_logprobs', 'context_management', 'stream_options'],
]);

/** A request to `/v1/responses` as one to `/v1/chat/completions`. */
export function responseToChat(body: JsonBody): AsChat {
  return asChat(() => {
    refuseWhatIsElsewhere(body);
    return {
      ...omitting(body, ownMembers),
      messages: toMessages(body),
      // The older name is known to every engine; who knows the newer one only is asked in its own API.
      ...given('max_tokens', body.max_output_tokens),
      ...formatOf(body.text),
      ...given('reasoning_effort', isObject(body.reasoning) ? body.reasoning.effort : undefined),
      ...toolsOf(body),
    };
  });
}

function refuseWhatIsElsewhere(body: JsonBody): void {
  if (body.background === true)
    throw unsupportedFeature('background', 'an answer in the background');
  if (!isNullish(body.conversation)) throw unsupportedFeature('conversation', 'a conversation');
  if (!isNullish(body.prompt)) throw unsupportedFeature('prompt', 'a stored prompt');
  if (!isNullish(body.context_management)) {
    throw unsupportedFeature('context_management', 'compaction');
  }
  const include: readonly unknown[] = Array.isArray(body.include) ? body.include : [];
  const wantsLogprobs = include.includes('message.output_text.logprobs');
  if (wantsLogprobs || (!isNullish(body.top_logprobs) && body.top_logprobs !== 0)) {
    throw unsupported(wantsLogprobs ? 'include' : 'top_logprobs', 'probabilities of tokens');
  }
  if (body.truncation === 'auto') throw unsupported('truncation', 'a prompt that is cut');
}

function given(name: string, value: unknown): JsonBody {
  return isNullish(value) ? {} : { [name]: value };
}

function formatOf(text: unknown): JsonBody {
  if (isNullish(text)) return {};
  if (!isObject(text)) throw malformed('text', 'an object');
  const { format, verbosity } = text;
  const rest = given('verbosity', verbosity);
  if (isNullish(format)) return rest;
  if (!isObject(format)) throw malformed('text.format', 'an object');
  const { type, ...schema } = format;
  if (type === 'text') return rest;
  if (type === 'json_object') return { ...rest, response_format: { type } };
  if (type !== 'json_schema') throw malformed('text.format.type', 'a known format');
  return { ...rest, response_format: { type, json_schema: schema } };
}

function toolsOf({ tools, tool_choice: choice }: JsonBody): JsonBody {
  if (!isNullish(tools) && !Array.isArray(tools)) throw malformed('tools', 'a list');
  const list = (tools ?? []).map((tool: unknown, index: number) => toolOf(tool, `tools[${index}]`));
  return {
    ...(list.length > 0 && { tools: list }),
    ...(!isNullish(choice) && { tool_choice: choiceOf(choice) }),
  };
}

function toolOf(tool: unknown, at: string): JsonBody {
  if (!isObject(tool)) throw malformed(at, 'an object');
  if (tool.type !== 'function')
    throw unsupported(`${at}.type`, `a tool of type ${shown(tool.type)}`);
  const name = textAt(tool, 'name', at);
  const { description, parameters, strict } = tool;
  return {
    type: 'function',
    function: {
      name,
      ...given('description', description),
      ...given('parameters', parameters),
      ...given('strict', strict),
    },
  };
}

function choiceOf(choice: unknown): unknown {
  if (typeof choice === 'string') return choice;
  if (!isObject(choice)) throw malformed('tool_choice', 'a word or an object');
  if (choice.type === 'function') return namedFunction(choice, 'tool_choice');
  if (choice.type === 'allowed_tools' && Array.isArray(choice.tools)) {
    const tools = choice.tools.map((tool, index) =>
      namedFunction(isObject(tool) ? tool : {}, `tool_choice.tools[${index}]`),
    );
    return { type: 'allowed_tools', allowed_tools: { mode: choice.mode, tools } };
  }
  throw unsupported('tool_choice.type', `a choice of type ${shown(choice.type)}`);
}

function namedFunction(choice: JsonBody, at: string): JsonBody {
  return { type: 'function', function: { name: textAt(choice, 'name', at) } };
}
