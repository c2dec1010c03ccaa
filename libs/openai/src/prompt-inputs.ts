import { isObject } from './json-body.js';

/** What a prompt can hold besides text. */
export type PromptInput = 'image' | 'audio' | 'video';

/** Types of content parts, in OpenAI's words and in those of engines that go beyond them. */
const inputOfType: ReadonlyMap<unknown, PromptInput> = new Map<unknown, PromptInput>([
  ['image_url', 'image'],
  ['input_image', 'image'],
  ['image', 'image'],
  ['input_audio', 'audio'],
  ['audio_url', 'audio'],
  ['audio', 'audio'],
  ['video_url', 'video'],
  ['input_video', 'video'],
  ['video', 'video'],
]);

/** What a chat request's messages hold besides text, each once. Parts of a type that nobody knows are text. */
export function promptInputs(body: Readonly<Record<string, unknown>>): readonly PromptInput[] {
  const messages = Array.isArray(body.messages) ? body.messages.filter(isObject) : [];
  const found = new Set<PromptInput>();
  for (const { content } of messages) {
    for (const part of Array.isArray(content) ? content : []) {
      const input = isObject(part) ? inputOfType.get(part.type) : undefined;
      if (input) found.add(input);
    }
  }
  return [...found];
}

/** Whether the model is given tools to call, and may call them. */
export function hasTools(body: Readonly<Record<string, unknown>>): boolean {
  const isGiven = [body.tools, body.functions].some(
    (list) => Array.isArray(list) && list.length > 0,
  );
  return isGiven && body.tool_choice !== 'none' && body.function_call !== 'none';
}
