import { z } from 'zod';

/** Start-up stops with every mistake in the environment, not with the first. */
export class ConfigError extends Error {
  constructor(readonly mistakes: readonly string[]) {
    super(`The configuration is not usable:\n${mistakes.map((line) => `  - ${line}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads a service's settings from the environment. An empty value counts as not set. */
export function readConfig<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  environment: Environment,
): z.infer<z.ZodObject<Shape>> {
  const given = Object.fromEntries(
    Object.keys(schema.shape).map((name) => [name, environment[name] || undefined]),
  );
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  throw new ConfigError(
    result.error.issues.map((issue) => `${issue.path.join('.') || 'settings'}: ${issue.message}`),
  );
}

const integerText = z.string().regex(/^\d{1,15}$/, 'must be a whole number');

/** A whole number with a default; say in `why` what it limits and why this much. */
function integer(fallback: number, min: number, max: number, why: string) {
  return integerText
    .transform(Number)
    .pipe(z.number().min(min).max(max))
    .default(fallback)
    .describe(why);
}

const network = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);

function isNetwork(text: string): boolean {
  return network.safeParse(text.trim()).success;
}

/** The kinds of settings that our services have. Durations and sizes carry their unit in their name. */
export const setting = {
  integer,
  port: (fallback: number, why: string) => integer(fallback, 0, 65_535, why),
  durationMs: (fallback: number, why: string) => integer(fallback, 1, 86_400_000, why),
  sizeBytes: (fallback: number, why: string) => integer(fallback, 1, 17_179_869_184, why),
  host: (why: string) => z.string().min(1).default('127.0.0.1').describe(why),
  text: (fallback: string, why: string) => z.string().default(fallback).describe(why),
  url: (protocols: RegExp, why: string) =>
    z.url({ protocol: protocols, error: 'must be a URL' }).describe(why),
  urlOrNone: (protocols: RegExp, why: string) =>
    z.url({ protocol: protocols, error: 'must be a URL' }).optional().describe(why),
  secret: (why: string) =>
    z.string({ error: 'must be set' }).min(16, 'must have at least 16 characters').describe(why),
  /** Loopback by default: the edge of one machine. A list that is wrong stops the start. */
  trustedProxies: () =>
    z
      .string()
      .default('127.0.0.1/8,::1/128')
      .refine((text) => text.split(',').every(isNetwork), 'must be addresses or networks (CIDR)')
      .describe(
        'Proxies whose X-Forwarded-For is believed: addresses or networks, with commas between. Whoever else sends one is taken for where it connects from.',
      ),
  logLevel: () =>
    z
      .enum(['debug', 'info', 'warn', 'error', 'silent'])
      .default('info')
      .describe('How much to log. debug has a line per request.'),
} as const;

/** The settings of one service as lines of an example environment file. */
export function describeConfig(schema: z.ZodObject): string {
  return Object.entries(schema.shape)
    .map(([name, field]) => {
      const fallback = (field as z.ZodType).safeParse(undefined);
      const isRequired = !fallback.success;
      const why = (field as z.ZodType).description ?? '';
      const value = isRequired || fallback.data === undefined ? '' : String(fallback.data);
      return `# ${why}${isRequired ? ' (required)' : ''}\n${isRequired ? '' : '# '}${name}=${value}\n`;
    })
    .join('\n');
}
