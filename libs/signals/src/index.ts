export { type SignalLimits, signalsOf } from './signals.js';
