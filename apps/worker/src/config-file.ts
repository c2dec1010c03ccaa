import type { Option } from './option.js';
import { type OptionKey, options } from './option-list.js';

/**
 * What a configuration file says, in the terms of the options. Values are texts, as flags and variables
 * are, so that one set of rules judges all three.
 */
export type FileSettings = Readonly<{
  values: ReadonlyMap<OptionKey, FileValue>;
  /** Where CoderAI's own server listens, to be sold if nothing else is named. */
  serverUrl: string | undefined;
  /** Names of settings that mean nothing here: somebody else's, or misspelt. */
  unknownKeys: readonly string[];
  mistakes: readonly string[];
}>;

/** `where` names the setting as the file does. */
export type FileValue = Readonly<{ text: string; where: string }>;

type Meaning = Readonly<{ key: OptionKey; unit?: 'seconds' }>;
type Section = Readonly<Record<string, unknown>>;

const brokerMeanings: Readonly<Record<string, Meaning>> = {
  base_url: { key: 'marketUrl' },
  url: { key: 'marketUrl' },
  server: { key: 'marketUrl' },
  websocket_path: { key: 'marketPath' },
  username: { key: 'username' },
  provider_id: { key: 'providerId' },
  client_id: { key: 'clientId' },
  registration_token: { key: 'registrationToken' },
  registration_token_file: { key: 'registrationTokenFile' },
  advertised_endpoint: { key: 'advertisedEndpoint' },
  heartbeat_interval_seconds: { key: 'heartbeatEveryMs', unit: 'seconds' },
  heartbeat_interval: { key: 'heartbeatEveryMs', unit: 'seconds' },
  connect_timeout_seconds: { key: 'greetingMsMax', unit: 'seconds' },
  connect_timeout: { key: 'greetingMsMax', unit: 'seconds' },
  reconnect_initial_delay_seconds: { key: 'reconnectMsMin', unit: 'seconds' },
  reconnect_initial_delay: { key: 'reconnectMsMin', unit: 'seconds' },
  reconnect_delay: { key: 'reconnectMsMin', unit: 'seconds' },
  reconnect_max_delay_seconds: { key: 'reconnectMsMax', unit: 'seconds' },
  reconnect_max_delay: { key: 'reconnectMsMax', unit: 'seconds' },
  websocket_ping_interval: { key: 'pingEveryMs', unit: 'seconds' },
  models: { key: 'models' },
  aliases: { key: 'aliases' },
};

/**
 * Understood, and without effect here: the only transport is a WebSocket, and a dead connection is found by
 * pings instead of by waiting for a frame.
 */
const brokerIdle = ['enabled', 'scope', 'transport', 'request_timeout', 'request_timeout_seconds'];

const serverKeys = ['host', 'port', 'https', 'max_parallel_requests'];

/** Reads CoderAI's `config.json`, or a file of the same form with a `worker` section beside `broker`. */
export function readConfigFile(content: string): FileSettings {
  const reading = new Reading();
  const file = parse(content, reading);
  const broker = reading.section(file, 'broker');
  const worker = reading.section(file, 'worker');
  const server = reading.section(file, 'server');
  checkBroker(broker, reading);
  reading.take('broker', broker, brokerMeanings, brokerIdle);
  reading.take('worker', worker, workerMeanings(), []);
  if (broker.scope === 'global') reading.offer('username', 'global', 'broker.scope');
  const parallel = server.max_parallel_requests;
  if (isPlain(parallel)) {
    reading.offer('concurrency', String(parallel), 'server.max_parallel_requests');
  }
  const others = Object.keys(file).filter((name) => !['broker', 'worker', 'server'].includes(name));
  reading.unknownKeys.push(...others);
  return { ...reading, serverUrl: serverUrlOf(server) };
}

class Reading {
  readonly values = new Map<OptionKey, FileValue>();
  readonly unknownKeys: string[] = [];
  readonly mistakes: string[] = [];

  section(file: Section, name: string): Section {
    const value = file[name] ?? {};
    if (isSection(value)) return value;
    this.mistakes.push(`${name} must be an object`);
    return {};
  }

  take(
    name: string,
    section: Section,
    meanings: Readonly<Record<string, Meaning>>,
    idle: readonly string[],
  ): void {
    for (const [field, value] of Object.entries(section)) {
      const where = `${name}.${field}`;
      const meaning = Object.hasOwn(meanings, field) ? meanings[field] : undefined;
      if (meaning === undefined) {
        if (!idle.includes(field)) this.unknownKeys.push(where);
        continue;
      }
      const text = toText(value, meaning);
      // CoderAI writes every setting, and empty ones for those that nobody has set.
      if (text === '' || value === null) continue;
      if (text === undefined) this.mistakes.push(`${where} ${formOf(meaning)}`);
      else this.offer(meaning.key, text, where);
    }
  }

  /** The first to name a setting is heard. */
  offer(key: OptionKey, text: string, where: string): void {
    if (!this.values.has(key)) this.values.set(key, { text, where });
  }
}

function parse(content: string, reading: Reading): Section {
  try {
    const parsed: unknown = JSON.parse(content);
    if (isSection(parsed)) return parsed;
    reading.mistakes.push('it must hold a JSON object');
  } catch (error) {
    // The parser quotes what it stumbled over, which may be a secret: only the place is repeated.
    const place = /line \d+ column \d+|position \d+/.exec(String(error))?.[0];
    reading.mistakes.push(`it is not JSON${place === undefined ? '' : ` at ${place}`}`);
  }
  return {};
}

function checkBroker(broker: Section, { mistakes }: Reading): void {
  const { enabled, scope, username, transport } = broker;
  if (enabled === false) mistakes.push('broker.enabled is false: set it to true or leave it out');
  if (scope !== undefined && scope !== '' && scope !== 'global' && scope !== 'user') {
    mistakes.push("broker.scope must be 'user' or 'global'");
  }
  if (scope === 'global' && username && username !== 'global') {
    mistakes.push("broker.username must be 'global' where broker.scope is");
  }
  if (scope === 'user' && username === 'global') {
    mistakes.push("broker.username must not be 'global' where broker.scope is 'user'");
  }
  if (transport !== undefined && transport !== '' && transport !== 'websocket') {
    mistakes.push("broker.transport must be 'websocket'");
  }
}

/** Every option, named as its flag or its variable is, in the spelling of JSON. */
function workerMeanings(): Readonly<Record<string, Meaning>> {
  const listed: readonly (Option & { key: OptionKey })[] = options;
  const entries = listed.flatMap(({ key, env, flag }) => {
    const byEnv = env.replace(/^WORKER_/, '').toLowerCase();
    const byFlag = flag?.replaceAll('-', '_') ?? byEnv;
    return [byEnv, byFlag].map((name) => [name, { key }] as const);
  });
  return Object.fromEntries(entries.filter(([, { key }]) => key !== 'config'));
}

function toText(value: unknown, { key, unit }: Meaning): string | undefined {
  if (unit === 'seconds') return toMilliseconds(value);
  if (key === 'aliases' && isSection(value)) {
    const pairs = Object.entries(value);
    const isUsable = pairs.every(([, target]) => typeof target === 'string');
    return isUsable ? pairs.map(([name, target]) => `${name}=${target}`).join(',') : undefined;
  }
  if (isList(key) && Array.isArray(value)) {
    return value.every((item) => typeof item === 'string') ? value.join(',') : undefined;
  }
  return isPlain(value) || value === null ? String(value ?? '') : undefined;
}

function toMilliseconds(value: unknown): string | undefined {
  if (value === '' || value === null) return '';
  const seconds = typeof value === 'string' ? Number(value) : value;
  if (typeof seconds !== 'number' || !(seconds >= 0) || !Number.isFinite(seconds)) return undefined;
  return String(Math.round(seconds * 1000));
}

function formOf({ key, unit }: Meaning): string {
  if (unit === 'seconds') return 'must be a number of seconds';
  if (key === 'aliases') return 'must be an object of names';
  return isList(key) ? 'must be a list of names' : 'must be a text or a number';
}

function isList(key: OptionKey): boolean {
  return key === 'models' || key === 'proxyPaths' || key === 'endpoints' || key === 'aliases';
}

function serverUrlOf(server: Section): string | undefined {
  if (!serverKeys.some((name) => server[name] !== undefined)) return undefined;
  const { host, port, https } = server;
  const named = typeof host === 'string' && host !== '' ? host : '127.0.0.1';
  // A server that listens everywhere is reached at home.
  const isEverywhere = named === '0.0.0.0' || named === '::';
  const name = isEverywhere ? '127.0.0.1' : named;
  const shown = name.includes(':') ? `[${name}]` : name;
  return `${https === true ? 'https' : 'http'}://${shown}:${isPlain(port) ? port : coderAiPort}/v1`;
}

/** Where CoderAI listens unless it is told otherwise. */
const coderAiPort = 8776;

function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPlain(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}
