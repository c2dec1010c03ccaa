import { isObject } from '@aisbf/openai';
import { sizeOfDataUrl } from './image-size.js';
import { type Image, imageTokens } from './image-tokens.js';
import { familyOf, type ModelFamily } from './model-family.js';
import { countTextTokens, type Tokenizer } from './text-tokens.js';

/** What chat formats add around each message, and before the answer. */
const tokensPerMessage = 4;
const tokensPerAnswer = 3;

/** A prompt taken apart once, to be counted by the measure of one family or another. */
export class Prompt {
  private readonly texts: readonly string[];
  private readonly images: readonly Image[];
  private readonly messageCount: number;
  private readonly counted = new Map<Tokenizer, number>();

  constructor(body: unknown) {
    const request = isObject(body) ? body : {};
    const messages = Array.isArray(request.messages) ? request.messages.filter(isObject) : [];
    const shown = [request.tools, request.functions, request.response_format].filter(isShown);
    this.messageCount = messages.length;
    this.images = messages.flatMap(messageImages);
    this.texts = [
      messages.flatMap(messageTexts).join('\n'),
      ...shown.map((part) => JSON.stringify(part)),
    ];
  }

  /**
   * Its messages' texts and pictures, the frame around them, and the tools and schemas that the model is shown. Sounds
   * and films count nothing here.
   */
  tokensFor({ tokenizer, image }: ModelFamily): number {
    const pictures = this.images.reduce((total, each) => total + imageTokens(each, image), 0);
    return this.textTokens(tokenizer) + pictures;
  }

  private textTokens(tokenizer: Tokenizer): number {
    const known = this.counted.get(tokenizer);
    if (known !== undefined) return known;
    const frame = tokensPerAnswer + this.messageCount * tokensPerMessage;
    const total = this.texts.reduce((sum, text) => sum + countTextTokens(text, tokenizer), frame);
    this.counted.set(tokenizer, total);
    return total;
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
