import type { ModelFamily } from './model-family.js';

/** What a request gives its model to read, to be counted by the measure of one family or another. */
export interface PromptMeter {
  tokensFor(family: ModelFamily): number;
}
