export { DeliveredTokens } from './delivered-tokens.js';
export { loadEncodings } from './encoding.js';
export { type ImageSize, imageHeadBytesMax, sizeOfImage } from './image-size.js';
export type { Image } from './image-tokens.js';
export { familyOf, type ModelFamily } from './model-family.js';
export type { PromptMeter } from './prompt-meter.js';
export { countPromptTokens, Prompt } from './prompt-tokens.js';
export { TextPrompt } from './text-prompt.js';
export { countTextTokens, type Tokenizer } from './text-tokens.js';
