import {
  type AsChat,
  asChat,
  countProblem,
  isNullish,
  isObject,
  type JsonBody,
  malformed,
  missing,
  modelProblem,
  omitting,
  outputTokensProblem,
  type RequestProblem,
  streamProblem,
  unsupported,
  unsupportedFeature,
} from '@aisbf/openai';
import { shown, toChatMessages } from './message-input.js';

/** As Anthropic has it. */
const messagesMax = 100_000;

/** What is wrong with a request to `/v1/messages`, whoever it is for. */
export function messageProblem(body: JsonBody): RequestProblem | undefined {
  const { messages, max_tokens: tokensMax } = body;
  const isList = Array.isArray(messages) && messages.length > 0 && messages.length <= messagesMax;
  return (
    modelProblem(body) ??
    (isList ? undefined : missing('messages', `a list of up to ${messagesMax} messages`)) ??
    (isNullish(tokensMax) ? missing('max_tokens', 'a whole number') : undefined) ??
    outputTokensProblem(body, 'max_tokens') ??
    countProblem(body, 'top_k', Number.MAX_SAFE_INTEGER) ??
    streamProblem(body)
  );
}

/** Members that have another name or form in chat, or none. Every other goes along as it is. */
const ownMembers: ReadonlySet<string> = new Set([
  ...['system', 'messages', 'stop_sequences', 'tools', 'tool_choice', 'thinking', 'metadata'],
  ...['output_config', 'service_tier', 'cache_control', 'container', 'mcp_servers', 'speed'],
  ...['context_management', 'inference_geo', 'diagnostics', 'user_profile_id', 'workspace_id'],
]);

const features = { container: 'a container', mcp_servers: 'MCP', context_management: 'compaction' };

/** A request to `/v1/messages` as one to `/v1/chat/completions`. */
export function messageToChat(body: JsonBody): AsChat {
  return asChat(() => {
    for (const [name, what] of Object.entries(features)) {
      if (!isNullish(body[name])) throw unsupportedFeature(name, what);
    }
    const { metadata, stop_sequences: stop } = body;
    return {
      ...omitting(body, ownMembers),
      messages: toChatMessages(body),
      ...(!isNullish(stop) && { stop }),
      ...(isObject(metadata) && typeof metadata.user_id === 'string' && { user: metadata.user_id }),
      ...outputOf(body),
      ...toolsOf(body),
    };
  });
}

/** Thinking that is bounded by tokens, in chat's three words for it. */
const effortBudgets = { low: 4_096, medium: 16_384 };

function outputOf({ output_config: config, thinking }: JsonBody): JsonBody {
  const { effort, format } = isObject(config) ? config : {};
  const budget = isObject(thinking) ? thinking.budget_tokens : undefined;
  const wished = effort ?? (typeof budget === 'number' ? effortFor(budget) : undefined);
  return {
    ...(!isNullish(wished) && {
      reasoning_effort: wished === 'xhigh' || wished === 'max' ? 'high' : wished,
    }),
    ...(!isNullish(format) && { response_format: formatOf(format) }),
  };
}

function effortFor(budget: number): string {
  if (budget <= effortBudgets.low) return 'low';
  return budget <= effortBudgets.medium ? 'medium' : 'high';
}

function formatOf(format: unknown): JsonBody {
  if (!isObject(format) || format.type !== 'json_schema') {
    throw malformed('output_config.format', 'a schema');
  }
  const { schema } = format;
  return { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } };
}

function toolsOf({ tools, tool_choice: choice }: JsonBody): JsonBody {
  if (!isNullish(tools) && !Array.isArray(tools)) throw malformed('tools', 'a list');
  const list = (tools ?? []).map((tool: unknown, index: number) => toolOf(tool, `tools[${index}]`));
  return {
    ...(list.length > 0 && { tools: list }),
    ...(!isNullish(choice) && choiceOf(choice)),
  };
}

function toolOf(tool: unknown, at: string): JsonBody {
  if (!isObject(tool)) throw malformed(at, 'an object');
  const { type, name, description, input_schema: parameters, strict } = tool;
  if (!isNullish(type) && type !== 'custom') {
    throw unsupported(`${at}.type`, `a tool of type ${shown(type)}`);
  }
  if (typeof name !== 'string') throw malformed(`${at}.name`, 'a text');
  return {
    type: 'function',
    function: {
      name,
      ...(!isNullish(description) && { description }),
      ...(!isNullish(parameters) && { parameters }),
      ...(!isNullish(strict) && { strict }),
    },
  };
}

function choiceOf(choice: unknown): JsonBody {
  if (!isObject(choice)) throw malformed('tool_choice', 'an object');
  const alone = choice.disable_parallel_tool_use === true && { parallel_tool_calls: false };
  return { tool_choice: choiceWord(choice), ...alone };
}

function choiceWord({ type, name }: JsonBody): unknown {
  if (type === 'auto' || type === 'none') return type;
  if (type === 'any') return 'required';
  if (type !== 'tool' || typeof name !== 'string') {
    throw malformed('tool_choice.type', '`auto`, `any`, `tool` with a name, or `none`');
  }
  return { type: 'function', function: { name } };
}

/**
 * What a chat model has thought bears no signature, and whoever has the API itself refuses such a thought. Undefined
 * where there is none.
 */
export function withoutUnsignedThoughts(body: JsonBody): JsonBody | undefined {
  const messages: readonly unknown[] = Array.isArray(body.messages) ? body.messages : [];
  let isChanged = false;
  const signed = messages.map((message) => {
    if (!isObject(message) || !Array.isArray(message.content)) return message;
    const content = message.content.filter(
      (block) => !(isObject(block) && block.type === 'thinking' && block.signature === ''),
    );
    if (content.length === message.content.length) return message;
    isChanged = true;
    return { ...message, content };
  });
  return isChanged ? { ...body, messages: signed } : undefined;
}
