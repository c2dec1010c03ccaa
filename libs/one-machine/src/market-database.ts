import { createHmac } from 'node:crypto';
import { provisionDatabase } from '@aisbf/migrations';
import { inRepository } from './repository.js';

/** The services that keep something in Postgres, and as whom. */
const schemas = [
  { schema: 'accounts', role: 'aisbf_accounts' },
  { schema: 'router', role: 'aisbf_router' },
] as const;

/**
 * Brings the market's database up to date and returns each service's own URL. Logins belong to a whole
 * cluster, where several markets may live in a database each; so that all of them agree, their passwords
 * follow from the administrator's, or from `fallbackSecret` where he has none.
 */
export function provisionMarket(
  adminUrl: string,
  fallbackSecret: string,
  onWarning: (warning: string) => void,
): Promise<Record<'accounts' | 'router', string>> {
  const secret = new URL(adminUrl).password || fallbackSecret;
  return provisionDatabase({
    adminUrl,
    onWarning,
    services: schemas.map(({ schema, role }) => ({
      schema,
      role,
      password: createHmac('sha256', secret).update(role).digest('base64url'),
      folder: inRepository(`prisma/${schema}/migrations`),
    })),
  });
}
