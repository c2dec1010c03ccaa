import type { InputPrompt } from '@aisbf/openai';
import { type Image, imageTokens } from './image-tokens.js';
import type { ModelFamily } from './model-family.js';
import type { PromptMeter } from './prompt-meter.js';
import { countTextTokens, type Tokenizer } from './text-tokens.js';

/** Plain texts, without any frame around them, tokens that their sender has counted, and pictures. */
export class TextPrompt implements PromptMeter {
  private readonly counted = new Map<Tokenizer, number>();

  constructor(
    private readonly prompts: readonly InputPrompt[],
    private readonly images: readonly Image[] = [],
  ) {}

  tokensFor({ tokenizer, image }: ModelFamily): number {
    const pictures = this.images.reduce((total, each) => total + imageTokens(each, image), 0);
    return this.textTokens(tokenizer) + pictures;
  }

  private textTokens(tokenizer: Tokenizer): number {
    const known = this.counted.get(tokenizer);
    if (known !== undefined) return known;
    const total = this.prompts.reduce(
      (sum, prompt) =>
        sum + (typeof prompt === 'string' ? countTextTokens(prompt, tokenizer) : prompt.length),
      0,
    );
    this.counted.set(tokenizer, total);
    return total;
  }
}
