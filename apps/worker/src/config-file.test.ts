import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ConfigSources, readConfig } from './config.js';
import { readConfigFile } from './config-file.js';

/** As CoderAI writes it, with sections that are of no use here. */
const coderAi = {
  server: { host: '0.0.0.0', port: 8776, https: false, max_parallel_requests: 2 },
  backend: { type: 'nvidia' },
  models: { default_load_mode: 'ondemand' },
  broker: {
    enabled: true,
    base_url: 'https://market.example',
    scope: 'user',
    username: 'ann',
    provider_id: 'box',
    client_id: 'workstation-01',
    registration_token: 'aisbfw_secret',
    advertised_endpoint: 'http://127.0.0.1:8776',
    websocket_path: '',
    transport: 'websocket',
    heartbeat_interval_seconds: 15,
    connect_timeout_seconds: 10,
    request_timeout_seconds: 900,
    reconnect_initial_delay_seconds: 2,
    reconnect_max_delay_seconds: 120,
    websocket_ping_interval: 25,
  },
};

function read(file: unknown, sources: Partial<ConfigSources> = {}) {
  const content = typeof file === 'string' ? file : JSON.stringify(file);
  return readConfig({
    args: ['--config', '/c.json'],
    env: {},
    hostname: 'host',
    readFile: (path) => (path === '/c.json' ? content : undefined),
    ...sources,
  });
}

function mistakesOf(file: unknown): string {
  return JSON.stringify(read(file));
}

describe('a config.json of CoderAI', () => {
  it('works as it is, and sells CoderAI’s own server', () => {
    expect(read(coderAi)).toMatchObject({
      kind: 'config',
      unknownKeys: ['backend', 'models'],
      config: {
        marketUrl: 'https://market.example',
        username: 'ann',
        providerId: 'box',
        clientId: 'workstation-01',
        registrationToken: 'aisbfw_secret',
        advertisedEndpoint: 'http://127.0.0.1:8776',
        upstreamUrl: 'http://127.0.0.1:8776/v1',
        concurrency: 2,
        heartbeatEveryMs: 15_000,
        greetingMsMax: 10_000,
        reconnectMsMin: 2_000,
        reconnectMsMax: 120_000,
        pingEveryMs: 25_000,
      },
    });
  });

  it('gives way to variables, and they to flags', () => {
    const args = ['--config', '/c.json', '--provider', 'flag', '--upstream', 'http://u:1/v1'];
    const env = { WORKER_PROVIDER_ID: 'env', WORKER_CLIENT_ID: 'env', WORKER_CONCURRENCY: '9' };
    expect(read(coderAi, { args, env })).toMatchObject({
      config: {
        providerId: 'flag',
        clientId: 'env',
        concurrency: 9,
        username: 'ann',
        upstreamUrl: 'http://u:1/v1',
      },
    });
  });

  it('is found through the environment too, and gives way to the demo engine', () => {
    const env = { WORKER_CONFIG: '/c.json', WORKER_DEMO: 'true' };
    const result = read(coderAi, { args: [], env });
    expect(result).toMatchObject({ kind: 'config', config: { demo: true } });
    expect(JSON.stringify(result)).not.toContain('8776/v1');
  });

  it('names the operator by its scope', () => {
    const broker = { ...coderAi.broker, scope: 'global', username: '' };
    expect(read({ ...coderAi, broker })).toMatchObject({ config: { username: 'global' } });
  });
});

describe('the other forms', () => {
  it('take other spellings, and everything else in a section of the worker', () => {
    const file = {
      broker: { url: 'ws://m', username: 'ann', provider_id: 'box', heartbeat_interval: '20' },
      worker: {
        upstream: 'http://u/v1',
        registration_token_file: '/token',
        models: ['a', 'b'],
        aliases: { fast: 'org/model=1' },
        concurrency: 7,
        plain_protocol: true,
        drain_grace_ms: 1000,
      },
    };
    const readFile = (path: string) => (path === '/token' ? ' s \n' : JSON.stringify(file));
    expect(read(file, { readFile })).toMatchObject({
      unknownKeys: [],
      config: {
        registrationToken: 's',
        registrationTokenFile: '/token',
        models: ['a', 'b'],
        aliases: [{ name: 'fast', upstreamName: 'org/model=1' }],
        concurrency: 7,
        plainProtocol: true,
        drainGraceMs: 1000,
        heartbeatEveryMs: 20_000,
      },
    });
  });

  it('keeps what it does not know, and names it', () => {
    const { broker } = coderAi;
    const file = { broker: { ...broker, colour: 1 }, worker: { upstraem: 'x', config: 'y' }, x: 1 };
    expect(read({ ...file, server: {} }, { env: { WORKER_DEMO: '1' } })).toMatchObject({
      unknownKeys: ['broker.colour', 'worker.upstraem', 'worker.config', 'x'],
    });
  });
});

describe('mistakes in a file', () => {
  it('are listed all at once, by their names in it', () => {
    const broker = {
      base_url: 'ftp://market',
      username: ['ann'],
      provider_id: 'box',
      scope: 'galaxy',
      registration_token: 'two words',
      heartbeat_interval_seconds: 'often',
      reconnect_max_delay_seconds: -1,
      transport: 'pigeon',
    };
    const worker = { models: 'a', aliases: { fast: 7 }, concurrency: 0 };
    const text = mistakesOf({ broker, worker, server: 7 });
    for (const mistake of [
      'broker.base_url in /c.json must be a URL',
      '/c.json: broker.username must be a text',
      "/c.json: broker.scope must be 'user' or 'global'",
      "/c.json: broker.transport must be 'websocket'",
      '/c.json: broker.heartbeat_interval_seconds must be a number of seconds',
      '/c.json: broker.reconnect_max_delay_seconds must be a number of seconds',
      '/c.json: worker.aliases must be an object of names',
      '/c.json: server must be an object',
      'broker.registration_token in /c.json must be 1 to 1024 printable',
      'worker.concurrency in /c.json must be a whole number',
      '--upstream (WORKER_UPSTREAM_URL) is missing',
      '--username (WORKER_USERNAME) is missing',
    ]) {
      expect(text).toContain(mistake);
    }
    expect(text).not.toContain('two words');
  });

  it.each([
    ['{"broker":{"registration_token":"aisbfw_secret",}}', 'it is not JSON'],
    ['{"broker":{"registration_token":"aisbfw_secret', 'it is not JSON'],
    ['aisbfw_secret', 'it is not JSON'],
    ['["aisbfw_secret"]', 'it must hold a JSON object'],
    ['{"broker":["aisbfw_secret"]}', 'broker must be an object'],
    ['{"broker":{"enabled":false}}', 'broker.enabled is false'],
    ['{"broker":{"scope":"global","username":"ann"}}', "must be 'global'"],
    ['{"broker":{"scope":"user","username":"global"}}', "must not be 'global'"],
  ])('in %j are told without a word of its content', (content, mistake) => {
    const text = mistakesOf(content);
    expect(text).toContain(mistake);
    expect(text).not.toContain('aisbfw_secret');
  });

  it('include a file that is not there', () => {
    expect(JSON.stringify(read('', { readFile: () => undefined }))).toContain(
      '--config (WORKER_CONFIG) names a file that cannot be read: /c.json',
    );
  });

  it.each(['a', 'a=', '=b', 'a=b,a=c'])('include the alias %j', (alias) => {
    const result = read(coderAi, { args: ['--config', '/c.json', '--alias', alias] });
    expect(JSON.stringify(result)).toContain('--alias (WORKER_ALIASES) must be NAME=UPSTREAM-NAME');
  });
});

describe(readConfigFile, () => {
  it('never fails, whatever the file holds', () => {
    const property = fc.property(fc.jsonValue(), fc.jsonValue(), (broker, worker) => {
      const file = readConfigFile(JSON.stringify({ broker, worker, server: worker }));
      for (const { text } of file.values.values()) expect(typeof text).toBe('string');
    });
    fc.assert(property);
    fc.assert(fc.property(fc.string(), (content) => void readConfigFile(content)));
  });
});
