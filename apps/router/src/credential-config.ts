import { setting } from '@aisbf/platform';
import { type KeyRing, parseKeyRing } from '@aisbf/secrets';
import { z } from 'zod';

/** How the credentials of hosted providers are kept. */
export const credentialSettings = {
  ROUTER_CREDENTIAL_KEYS: z
    .string({ error: 'must be set' })
    .transform((text, context): KeyRing => {
      const keys = parseKeyRing(text);
      if ('current' in keys) return keys;
      for (const message of keys)
        context.issues.push({ code: 'custom', message, input: undefined });
      return z.NEVER;
    })
    .describe(
      'Keys under which the credentials of hosted providers lie: id:key,id:key; each key 32 bytes as base64, the first one current, the others former ones that are still needed. Lost, the credentials are lost.',
    ),
  ROUTER_CREDENTIAL_REWRAP_INTERVAL_MS: setting.durationMs(
    60_000,
    'How often credentials under former keys are moved to the current one. Routers that do not know it yet are replaced by then.',
  ),
  ROUTER_CREDENTIAL_REWRAP_BATCH: setting.integer(
    100,
    1,
    10_000,
    'Credentials that are moved, and locked, in one transaction: milliseconds.',
  ),
};
