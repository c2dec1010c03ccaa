export { DeliveredTokens } from './delivered-tokens.js';
export { countPromptTokens } from './prompt-tokens.js';
export { countTextTokens } from './text-tokens.js';
