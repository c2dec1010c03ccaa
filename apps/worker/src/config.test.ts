import { describe, expect, it } from '@jest/globals';
import { type ConfigSources, readConfig } from './config.js';
import { helpText } from './help.js';
import { options } from './option-list.js';

const needed = {
  WORKER_MARKET_URL: 'https://market.example/base',
  WORKER_USERNAME: 'ann',
  WORKER_PROVIDER_ID: 'box',
  WORKER_REGISTRATION_TOKEN: 'secret',
  WORKER_UPSTREAM_URL: 'http://localhost:11434/v1',
};

function read(sources: Partial<ConfigSources> = {}) {
  return readConfig({
    args: [],
    env: needed,
    hostname: 'host',
    readFile: () => undefined,
    ...sources,
  });
}

describe(readConfig, () => {
  it('takes the environment, and defaults for the rest', () => {
    expect(read()).toMatchObject({
      kind: 'config',
      config: {
        marketUrl: 'https://market.example/base',
        clientId: 'host',
        concurrency: 4,
        models: [],
        demo: false,
        logFormat: 'text',
        silenceMsMax: 60_000,
      },
    });
  });

  it('prefers flags', () => {
    const args = ['--models', 'a, b,', '--concurrency=9', '--plain-protocol', '--client-id', 'c'];
    const env = { ...needed, WORKER_CONCURRENCY: '3', WORKER_CLIENT_ID: 'other' };
    expect(read({ args, env })).toMatchObject({
      config: { models: ['a', 'b'], concurrency: 9, plainProtocol: true, clientId: 'c' },
    });
  });

  it('reads the registration token from a file', () => {
    const { WORKER_REGISTRATION_TOKEN: _, ...env } = needed;
    const args = ['--registration-token-file', '/run/token'];
    const readFile = (path: string) => (path === '/run/token' ? 'from-file\n' : undefined);
    expect(read({ args, env, readFile })).toMatchObject({
      config: { registrationToken: 'from-file' },
    });
    expect(read({ args, env })).toMatchObject({
      kind: 'mistakes',
      mistakes: expect.arrayContaining([expect.stringContaining('/run/token')]),
    });
  });

  it('lists every mistake, by the names under which it can be mended', () => {
    const env = {
      WORKER_MARKET_URL: 'https://user:pass@market.example',
      WORKER_CONCURRENCY: 'many',
      WORKER_REGISTRATION_TOKEN: 'two\nlines',
      WORKER_DEMO: 'perhaps',
      WORKER_PING_EVERY_MS: '1',
    };
    const result = read({ env });
    expect(result.kind).toBe('mistakes');
    const text = JSON.stringify(result);
    for (const name of [
      '--market (WORKER_MARKET_URL) must be a URL',
      '--username (WORKER_USERNAME) is missing',
      '--provider (WORKER_PROVIDER_ID) is missing',
      '--concurrency (WORKER_CONCURRENCY) must be a whole number',
      '--registration-token (WORKER_REGISTRATION_TOKEN) must be',
      '--demo (WORKER_DEMO) must be',
      'WORKER_PING_EVERY_MS must be a whole number',
      '--upstream (WORKER_UPSTREAM_URL) is missing',
    ]) {
      expect(text).toContain(name);
    }
    expect(text).not.toContain('two');
  });

  it('takes the demo engine or an upstream, not both', () => {
    const { WORKER_UPSTREAM_URL: _, ...env } = needed;
    expect(read({ env, args: ['--demo'] })).toMatchObject({ config: { demo: true } });
    expect(read({ args: ['--demo'] }).kind).toBe('mistakes');
  });

  it('knows no flag that is not listed', () => {
    expect(read({ args: ['--nonsense'] }).kind).toBe('mistakes');
    expect(read({ args: ['--help'] })).toEqual({ kind: 'help' });
  });
});

describe(helpText, () => {
  it('names every option', () => {
    for (const { env } of options) expect(helpText()).toContain(env);
  });
});
