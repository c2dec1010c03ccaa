import { parseArgs } from 'node:util';
import { type FileSettings, readConfigFile } from './config-file.js';
import type { Option } from './option.js';
import { type OptionKey, optionName, options } from './option-list.js';
import { Settings } from './settings.js';

const required = ['marketUrl', 'username', 'providerId', 'registrationToken'] as const;

export type Config = Readonly<
  Omit<Settings, (typeof required)[number]> &
    Record<(typeof required)[number], string> & {
      /** Where the registration token was read, so that a new one is found there later. */
      registrationTokenFile: string | undefined;
    }
>;

/** Where settings come from. `readFile` returns undefined for a file that cannot be read. */
export type ConfigSources = Readonly<{
  args: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  hostname: string;
  readFile: (path: string) => string | undefined;
}>;

export type ConfigResult =
  | Readonly<{ kind: 'config'; config: Config; unknownKeys: readonly string[] }>
  | Readonly<{ kind: 'help' }>
  | Readonly<{ kind: 'mistakes'; mistakes: readonly string[] }>;

/** Reads all settings; with mistakes, all of them at once. */
export function readConfig(sources: ConfigSources): ConfigResult {
  const flags = readFlags(sources.args);
  if ('mistake' in flags) return { kind: 'mistakes', mistakes: [flags.mistake] };
  if (flags.values.help === true) return { kind: 'help' };

  const gathered = gather(sources, flags.values);
  const { raw, mistakes, nameOf } = gathered;
  const parsed = Settings.safeParse(raw);
  for (const issue of parsed.error?.issues ?? []) {
    mistakes.push(`${nameOf(String(issue.path[0]))} ${issue.message}`);
  }
  for (const key of required) {
    if (raw[key] === undefined) mistakes.push(`${optionName(key)} is missing`);
  }
  mistakes.push(...contradictions(raw, parsed.data?.demo ?? false));
  if (!parsed.success || mistakes.length > 0) return { kind: 'mistakes', mistakes };
  const { marketUrl = '', username = '', providerId = '', registrationToken = '' } = parsed.data;
  const found = { marketUrl, username, providerId, registrationToken };
  const config = { ...parsed.data, ...found, registrationTokenFile: gathered.tokenFile };
  return { kind: 'config', config, unknownKeys: gathered.unknownKeys };
}

type Raw = Partial<Record<OptionKey, string>>;
type FlagValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

function readFlags(args: readonly string[]): { values: FlagValues } | { mistake: string } {
  const listed: readonly Option[] = options;
  const known = listed.flatMap((option) => (option.flag === undefined ? [] : [option]));
  const spec = Object.fromEntries(
    known.map(({ flag, value, isRepeated }) => [
      flag,
      {
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        multiple: isRepeated ?? false,
      },
    ]),
  );
  try {
    const options = { ...spec, help: { type: 'boolean' as const } };
    return { values: parseArgs({ args: [...args], options }).values as FlagValues };
  } catch (error) {
    return { mistake: error instanceof Error ? error.message : String(error) };
  }
}

type Gathered = {
  raw: Raw;
  mistakes: string[];
  /** The name under which the setting was given, so that it can be mended there. */
  nameOf: (key: string) => string;
  unknownKeys: readonly string[];
  tokenFile: string | undefined;
};

function gather(sources: ConfigSources, flags: FlagValues): Gathered {
  const mistakes: string[] = [];
  const stated = statedIn(sources.env, flags);
  const path = stated.config;
  const file = path === undefined ? undefined : readFileSettings(path, sources, mistakes);
  const raw: Raw = { clientId: sources.hostname };
  const listed: readonly (Option & { key: OptionKey })[] = options;
  const fromFile = new Map<string, string>();
  for (const { key, fallback } of listed) {
    const filed = stated[key] === undefined ? file?.values.get(key) : undefined;
    if (filed !== undefined) fromFile.set(key, `${filed.where} in ${path}`);
    const text = stated[key] ?? filed?.text ?? fallback;
    if (text !== undefined) raw[key] = text;
  }
  const serverUrl = isTrue(raw.demo) ? undefined : file?.serverUrl;
  if (serverUrl !== undefined) raw.upstreamUrl ??= serverUrl;
  const tokenFile = takeTokenFile(raw, stated, sources, mistakes);
  const nameOf = (key: string) => fromFile.get(key) ?? optionName(key);
  return { raw, mistakes, nameOf, unknownKeys: file?.unknownKeys ?? [], tokenFile };
}

/** An empty variable is how shells and compose files say that something is not set. */
function statedIn(env: ConfigSources['env'], flags: FlagValues): Raw {
  const stated: Raw = {};
  const listed: readonly (Option & { key: OptionKey })[] = options;
  for (const { key, flag, env: variable } of listed) {
    const value = (flag === undefined ? undefined : flags[flag]) ?? env[variable];
    if (value !== undefined && value !== '') stated[key] = String(value);
  }
  return stated;
}

function readFileSettings(
  path: string,
  sources: ConfigSources,
  mistakes: string[],
): FileSettings | undefined {
  const content = sources.readFile(path);
  if (content === undefined) {
    mistakes.push(`${optionName('config')} names a file that cannot be read: ${path}`);
    return undefined;
  }
  const file = readConfigFile(content);
  mistakes.push(...file.mistakes.map((mistake) => `${path}: ${mistake}`));
  return file;
}

/** A token that was stated wins over a file that was; what is stated in either way wins over the config. */
function takeTokenFile(
  raw: Raw,
  stated: Raw,
  sources: ConfigSources,
  mistakes: string[],
): string | undefined {
  const isFileStated = stated.registrationTokenFile !== undefined;
  const isTokenNearer = stated.registrationToken !== undefined || !isFileStated;
  const path = raw.registrationTokenFile;
  if (path === undefined || (isTokenNearer && raw.registrationToken !== undefined)) {
    return undefined;
  }
  const content = sources.readFile(path)?.trim();
  if (content === undefined) {
    const name = optionName('registrationTokenFile');
    mistakes.push(`${name} names a file that cannot be read: ${path}`);
  } else {
    raw.registrationToken = content;
  }
  return path;
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

function isTrue(text: string | undefined): boolean {
  return text === 'true' || text === '1' || text === 'yes';
}
