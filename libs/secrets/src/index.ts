export { type BytesOf, decrypt, encrypt } from './encrypted-bytes.js';
export { openSealed, seal } from './sealed-text.js';
export {
  createSecretToken,
  isSameHash,
  keyedHash,
  parseSecretToken,
  type SecretPrefix,
  type SecretToken,
} from './secret-token.js';
