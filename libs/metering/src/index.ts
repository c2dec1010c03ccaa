export { DeliveredTokens } from './delivered-tokens.js';
export { loadEncodings } from './encoding.js';
export { familyOf, type ModelFamily } from './model-family.js';
export { countPromptTokens, Prompt } from './prompt-tokens.js';
export { countTextTokens, type Tokenizer } from './text-tokens.js';
