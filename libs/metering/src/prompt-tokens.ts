import { isObject } from '@aisbf/openai';
import { countTextTokens } from './text-tokens.js';

/** What chat formats add around each message, and before the answer. */
const tokensPerMessage = 4;
const tokensPerAnswer = 3;

/**
 * How many tokens a chat request's prompt has: its messages' texts, the frame around them, and the tools
 * and schemas that the model is shown. Images and sounds hold no text and count nothing here.
 */
export function countPromptTokens(body: unknown): number {
  if (!isObject(body)) return 0;
  const messages = Array.isArray(body.messages) ? body.messages.filter(isObject) : [];
  const shown = [body.tools, body.functions, body.response_format].filter((part) => isShown(part));
  return (
    tokensPerAnswer +
    messages.length * tokensPerMessage +
    countTextTokens(messages.flatMap(messageTexts).join('\n')) +
    shown.reduce<number>((total, part) => total + countTextTokens(JSON.stringify(part)), 0)
  );
}

function isShown(part: unknown): boolean {
  return typeof part === 'object' && part !== null;
}

function messageTexts(message: Record<string, unknown>): readonly string[] {
  const parts = Array.isArray(message.content) ? message.content.filter(isObject) : [];
  const calls = Array.isArray(message.tool_calls) ? message.tool_calls : [];
  return [
    message.content,
    message.name,
    ...parts.map((part) => part.text),
    ...(calls.length > 0 ? [JSON.stringify(calls)] : []),
  ].filter((text) => typeof text === 'string');
}
