/**
 * Prints fresh secrets for a new installation, as an environment file: `node deploy/secrets.mjs > .env`.
 * Keep it: with other peppers every token is void, without its key every credential is lost.
 */
import { randomBytes } from 'node:crypto';

// An id, by which a later key can be told from it: the day it was made.
const keys = () => `${new Date().toISOString().slice(0, 10)}:${randomBytes(32).toString('base64')}`;
const text = () => randomBytes(32).toString('base64url');
const secrets = {
  AISBF_INTERNAL_SECRET: text(),
  ACCOUNTS_SECRET_PEPPER: text(),
  ROUTER_SECRET_PEPPER: text(),
  ROUTER_CREDENTIAL_KEYS: keys(),
  GATEWAY_FILE_KEYS: keys(),
  // Of the compose file's own Postgres; they stand in URLs, so they hold nothing that would need escaping.
  POSTGRES_PASSWORD: text(),
  ACCOUNTS_DATABASE_PASSWORD: text(),
  ROUTER_DATABASE_PASSWORD: text(),
};

for (const [name, value] of Object.entries(secrets)) console.log(`${name}=${value}`);
