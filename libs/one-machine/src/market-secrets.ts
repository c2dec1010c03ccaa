import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { keepFirst } from './kept-file.js';

/** What a market must never lose or show. Whoever has the accounts pepper can forge API tokens. */
export type MarketSecrets = Readonly<{
  /** Proves to a service that the caller is another service. */
  internalSecret: string;
  accountsPepper: string;
  routerPepper: string;
  /** Encrypts the sellers' upstream credentials. */
  routerCredentialKey: string;
  /** The superuser of the market's own Postgres. */
  postgresPassword: string;
}>;

/** The secrets of this data folder, made on its first use. */
export function marketSecrets(dataDir: string): Promise<MarketSecrets> {
  return keepFirst<MarketSecrets>(join(dataDir, 'secrets.json'), {
    internalSecret: randomBytes(32).toString('base64url'),
    accountsPepper: randomBytes(32).toString('base64'),
    routerPepper: randomBytes(32).toString('base64'),
    routerCredentialKey: randomBytes(32).toString('base64'),
    postgresPassword: randomBytes(24).toString('base64url'),
  });
}
