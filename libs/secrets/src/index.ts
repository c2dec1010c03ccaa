export {
  createSecretToken,
  isSameHash,
  keyedHash,
  parseSecretToken,
  type SecretPrefix,
  type SecretToken,
} from './secret-token.js';
