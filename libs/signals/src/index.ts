export { askedText } from './prompt-text.js';
export { type SignalLimits, signalsOf } from './signals.js';
export { isOneSpace, similarities } from './similarity.js';
