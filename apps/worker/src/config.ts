import { parseArgs } from 'node:util';
import { z } from 'zod';
import { type Option, type OptionKey, optionName, options } from './option.js';

const isOn = z
  .enum(['true', 'false', '1', '0', 'yes', 'no', ''], "must be 'true' or 'false'")
  .optional()
  .transform((text) => text === 'true' || text === '1' || text === 'yes');

const list = z
  .string()
  .optional()
  .transform((text) => (text ?? '').split(',').flatMap((part) => part.trim() || []));

function integer(min: number, max: number) {
  const range = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,12}$/, range)
    .transform(Number)
    .refine((value) => value >= min && value <= max, range);
}

function url(protocols: readonly string[]) {
  const isUsable = (text: string): boolean => {
    const parsed = URL.parse(text);
    return (
      parsed !== null &&
      protocols.includes(parsed.protocol) &&
      parsed.search === '' &&
      parsed.hash === '' &&
      parsed.username === '' &&
      parsed.password === ''
    );
  };
  const message = `must be a URL (${protocols.join(', ')}) without user, query and fragment`;
  return z.string().refine(isUsable, message);
}

/** Bounded, because it travels in a header: no line breaks, nothing that is not printable. */
function headerText(charsMax: number) {
  const message = `must be 1 to ${charsMax} printable characters`;
  return z
    .string()
    .max(charsMax, message)
    .regex(/^[\x21-\x7E]+$/, message);
}

const dayMs = 86_400_000;
const identity = z
  .string('is missing')
  .min(1, 'must not be empty')
  .max(128, 'must have 128 characters at most')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is kept out.
  .regex(/^[^\x00-\x1F\x7F]+$/, 'must not contain control characters');

const Settings = z.object({
  upstreamUrl: url(['http:', 'https:']).optional(),
  upstreamApiKey: headerText(4096).optional(),
  marketUrl: url(['http:', 'https:', 'ws:', 'wss:']).optional(),
  username: identity.optional(),
  providerId: identity.optional(),
  clientId: identity,
  registrationToken: headerText(1024).optional(),
  models: list,
  concurrency: integer(1, 1024),
  demo: isOn,
  logFormat: z.enum(['text', 'json'], "must be 'text' or 'json'"),
  logLevel: z.enum(
    ['debug', 'info', 'warn', 'error'],
    "must be 'debug', 'info', 'warn' or 'error'",
  ),
  plainProtocol: isOn,
  proxyPaths: list,
  demoTokenDelayMs: integer(0, 10_000),
  drainGraceMs: integer(0, dayMs),
  frameBytesMax: integer(64 * 1024, 1024 ** 3),
  sentFrameBytesMax: integer(1024, 1024 ** 3),
  bufferedBytesMax: integer(1024, 1024 ** 3),
  upstreamConnectMsMax: integer(1, dayMs),
  upstreamHeadersMsMax: integer(1, dayMs),
  upstreamSilenceMsMax: integer(1, dayMs),
  modelsPollMs: integer(10, dayMs),
  pendingAfterMs: integer(0, dayMs),
  pendingEveryMs: integer(10, dayMs),
  pingEveryMs: integer(10, dayMs),
  silenceMsMax: integer(10, dayMs),
  heartbeatEveryMs: integer(10, dayMs),
  greetingMsMax: integer(10, dayMs),
  reconnectMsMin: integer(1, dayMs),
  reconnectMsMax: integer(1, dayMs),
});
type Settings = z.infer<typeof Settings>;

const required = ['marketUrl', 'username', 'providerId', 'registrationToken'] as const;

export type Config = Readonly<
  Omit<Settings, (typeof required)[number]> & Record<(typeof required)[number], string>
>;

/** Where settings come from. `readFile` returns undefined for a file that cannot be read. */
export type ConfigSources = Readonly<{
  args: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  hostname: string;
  readFile: (path: string) => string | undefined;
}>;

export type ConfigResult =
  | Readonly<{ kind: 'config'; config: Config }>
  | Readonly<{ kind: 'help' }>
  | Readonly<{ kind: 'mistakes'; mistakes: readonly string[] }>;

/** Reads all settings; with mistakes, all of them at once. */
export function readConfig(sources: ConfigSources): ConfigResult {
  const flags = readFlags(sources.args);
  if ('mistake' in flags) return { kind: 'mistakes', mistakes: [flags.mistake] };
  if (flags.values.help === true) return { kind: 'help' };

  const mistakes: string[] = [];
  const raw = rawSettings(sources, flags.values, mistakes);
  const parsed = Settings.safeParse(raw);
  for (const issue of parsed.error?.issues ?? []) {
    mistakes.push(`${optionName(String(issue.path[0]))} ${issue.message}`);
  }
  for (const key of required) {
    if (raw[key] === undefined) mistakes.push(`${optionName(key)} is missing`);
  }
  mistakes.push(...contradictions(raw, parsed.data?.demo ?? false));
  if (!parsed.success || mistakes.length > 0) return { kind: 'mistakes', mistakes };
  const { marketUrl = '', username = '', providerId = '', registrationToken = '' } = parsed.data;
  const config = { ...parsed.data, marketUrl, username, providerId, registrationToken };
  return { kind: 'config', config };
}

type Raw = Partial<Record<OptionKey, string>>;
type FlagValues = Readonly<Record<string, string | boolean | undefined>>;

function readFlags(args: readonly string[]): { values: FlagValues } | { mistake: string } {
  const listed: readonly Option[] = options;
  const known = listed.flatMap(({ flag, value }) => (flag === undefined ? [] : [{ flag, value }]));
  const spec = Object.fromEntries(
    known.map(({ flag, value }) => [
      flag,
      { type: value === undefined ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  try {
    return parseArgs({ args: [...args], options: { ...spec, help: { type: 'boolean' } } });
  } catch (error) {
    return { mistake: error instanceof Error ? error.message : String(error) };
  }
}

function rawSettings(sources: ConfigSources, flags: FlagValues, mistakes: string[]): Raw {
  const raw: Raw = { clientId: sources.hostname };
  const listed: readonly (Option & { key: OptionKey })[] = options;
  for (const { key, flag, env, fallback } of listed) {
    const text = (flag === undefined ? undefined : flags[flag]) ?? sources.env[env] ?? fallback;
    // An empty variable is how shells and compose files say that something is not set.
    if (text !== undefined && text !== '') raw[key] = String(text);
  }
  const path = raw.registrationTokenFile;
  if (path !== undefined && raw.registrationToken === undefined) {
    const content = sources.readFile(path)?.trim();
    if (content === undefined) {
      mistakes.push(
        `${optionName('registrationTokenFile')} names a file that cannot be read: ${path}`,
      );
    } else {
      raw.registrationToken = content;
    }
  }
  return raw;
}

function contradictions(raw: Raw, isDemo: boolean): readonly string[] {
  if (!isDemo && raw.upstreamUrl === undefined) {
    return [`${optionName('upstreamUrl')} is missing (or --demo for the built-in demo engine)`];
  }
  if (isDemo && raw.upstreamUrl !== undefined) {
    return [`${optionName('upstreamUrl')} and --demo exclude each other`];
  }
  return [];
}
