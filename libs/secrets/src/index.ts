export { type BytesOf, gcmDecrypt } from './aes-gcm.js';
export { decrypt, encrypt } from './encrypted-bytes.js';
export {
  type Envelope,
  type EnvelopeTrouble,
  openEnvelope,
  rewrapEnvelope,
  sealEnvelope,
  type WrappedKey,
} from './envelope.js';
export { type KeyRing, type NamedKey, parseKeyRing } from './key-ring.js';
export { redacted } from './redacted.js';
export { SealedSeries, sealedPieceExtra } from './sealed-series.js';
export { openSealed, seal } from './sealed-text.js';
export {
  createSecretToken,
  isSameHash,
  keyedHash,
  parseSecretToken,
  type SecretPrefix,
  type SecretToken,
  withoutSecretTokens,
} from './secret-token.js';
