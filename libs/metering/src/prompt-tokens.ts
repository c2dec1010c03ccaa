import { isObject } from '@aisbf/openai';
import { sizeOfDataUrl } from './image-size.js';
import { type Image, imageTokens } from './image-tokens.js';
import { familyOf, type ModelFamily } from './model-family.js';
import type { PromptMeter } from './prompt-meter.js';
import { countTextTokens, type Tokenizer } from './text-tokens.js';

/** What chat formats add around each message, and before the answer. */
const tokensPerMessage = 4;
const tokensPerAnswer = 3;

/** A prompt, to be counted by the measure of one family or another. Keeps nothing of its text but the body itself. */
export class Prompt implements PromptMeter {
  private readonly request: Record<string, unknown>;
  private readonly messages: readonly Record<string, unknown>[];
  private readonly counted = new Map<Tokenizer, number>();

  constructor(body: unknown) {
    this.request = isObject(body) ? body : {};
    const { messages } = this.request;
    this.messages = Array.isArray(messages) ? messages.filter(isObject) : [];
  }

  /**
   * Its messages' texts and pictures, the frame around them, and the tools and schemas that the model is shown. Sounds
   * and films count nothing here.
   */
  tokensFor({ tokenizer, image }: ModelFamily): number {
    const images = this.messages.flatMap(messageImages);
    const pictures = images.reduce((total, each) => total + imageTokens(each, image), 0);
    return this.textTokens(tokenizer) + pictures;
  }

  private textTokens(tokenizer: Tokenizer): number {
    const known = this.counted.get(tokenizer);
    if (known !== undefined) return known;
    const frame = tokensPerAnswer + this.messages.length * tokensPerMessage;
    const texts = [this.messages.flatMap(messageTexts).join('\n'), ...this.shown()];
    const total = texts.reduce((sum, text) => sum + countTextTokens(text, tokenizer), frame);
    this.counted.set(tokenizer, total);
    return total;
  }

  private shown(): readonly string[] {
    const { tools, functions, response_format: format } = this.request;
    return [tools, functions, format].filter(isShown).map((part) => JSON.stringify(part));
  }
}

/** The same for whoever counts by one measure only: that of a model whose name says nothing, if none is named. */
export function countPromptTokens(body: unknown, family: ModelFamily = familyOf('')): number {
  return new Prompt(body).tokensFor(family);
}

function isShown(part: unknown): boolean {
  return typeof part === 'object' && part !== null;
}

function partsOf(message: Record<string, unknown>): readonly Record<string, unknown>[] {
  return Array.isArray(message.content) ? message.content.filter(isObject) : [];
}

function messageTexts(message: Record<string, unknown>): readonly string[] {
  const calls = Array.isArray(message.tool_calls) ? message.tool_calls : [];
  return [
    message.content,
    message.name,
    ...partsOf(message).map((part) => part.text),
    ...(calls.length > 0 ? [JSON.stringify(calls)] : []),
  ].filter((text) => typeof text === 'string');
}

/** In OpenAI's form and in the flat one, where the address stands alone. */
function messageImages(message: Record<string, unknown>): readonly Image[] {
  return partsOf(message).flatMap((part) => {
    const image = part.image_url;
    const { url, detail = part.detail } = isObject(image) ? image : { url: image };
    if (typeof url !== 'string') return [];
    return [{ size: sizeOfDataUrl(url), isLowDetail: detail === 'low' }];
  });
}
