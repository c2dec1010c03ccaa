import { type KeyRing, parseKeyRing } from '@aisbf/secrets';
import { z } from 'zod';

/** How buyers' files are kept. */
export const fileSettings = {
  GATEWAY_FILE_KEYS: z
    .string()
    .transform((text, context): KeyRing => {
      const keys = parseKeyRing(text);
      if ('current' in keys) return keys;
      for (const message of keys)
        context.issues.push({ code: 'custom', message, input: undefined });
      return z.NEVER;
    })
    .optional()
    .describe(
      'Keys under which files and batches of buyers lie: id:key,id:key; each key 32 bytes as base64, the first one current, the others former ones, needed for as long as files live (30 days). The same in every gateway. Empty: there are no files and no batches.',
    ),
};
