import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { keepFirst } from './kept-file.js';

/** What a market must never lose or show. Whoever has the accounts pepper can forge API tokens. */
export type MarketSecrets = Readonly<{
  /** Proves to a service that the caller is another service. */
  internalSecret: string;
  accountsPepper: string;
  routerPepper: string;
  /** Encrypt the sellers' upstream credentials: `id:key,id:key`, the first one current. */
  routerCredentialKeys: string;
  /** Encrypt the buyers' files, in the same form. */
  gatewayFileKeys: string;
  /** The superuser of the market's own Postgres. */
  postgresPassword: string;
}>;

/** Folders from before keys had ids have one key. */
type KeptSecrets = Omit<MarketSecrets, 'routerCredentialKeys' | 'gatewayFileKeys'> &
  Readonly<{ routerCredentialKeys?: string; routerCredentialKey?: string }>;

const firstKeyId = 'first';
const newKeys = () => `${firstKeyId}:${randomBytes(32).toString('base64')}`;

/** The secrets of this data folder, made on its first use. */
export async function marketSecrets(dataDir: string): Promise<MarketSecrets> {
  const kept = await keepFirst<KeptSecrets>(join(dataDir, 'secrets.json'), {
    internalSecret: randomBytes(32).toString('base64url'),
    accountsPepper: randomBytes(32).toString('base64'),
    routerPepper: randomBytes(32).toString('base64'),
    routerCredentialKeys: newKeys(),
    postgresPassword: randomBytes(24).toString('base64url'),
  });
  const { routerCredentialKey, ...secrets } = kept;
  const routerCredentialKeys = kept.routerCredentialKeys ?? `${firstKeyId}:${routerCredentialKey}`;
  // In a file of its own: folders from before there were files have their other secrets already.
  const { gatewayFileKeys } = await keepFirst(join(dataDir, 'file-keys.json'), {
    gatewayFileKeys: newKeys(),
  });
  return { ...secrets, routerCredentialKeys, gatewayFileKeys };
}
