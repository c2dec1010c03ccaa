import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { ConfigError, describeConfig, readConfig, setting } from './config.js';

const schema = z.object({
  APP_PORT: setting.port(7000, 'Where to listen.'),
  APP_WAIT_MS: setting.durationMs(500, 'How long to wait.'),
  APP_PEER_URL: setting.url(/^https?$/, 'Whom to call.'),
  APP_SECRET: setting.secret('What nobody knows.'),
  APP_LOG_LEVEL: setting.logLevel(),
});
const required = { APP_PEER_URL: 'http://peer:1', APP_SECRET: '0123456789abcdef' };

describe(readConfig, () => {
  it('fills in defaults, and takes an empty value for none', () => {
    expect(readConfig(schema, { ...required, APP_WAIT_MS: '', OTHER: 'x' })).toEqual({
      ...required,
      APP_PORT: 7000,
      APP_WAIT_MS: 500,
      APP_LOG_LEVEL: 'info',
    });
  });

  it('lists every mistake at once', () => {
    const mistaken = {
      APP_PORT: '70000',
      APP_WAIT_MS: '1.5',
      APP_PEER_URL: 'ftp://x',
      APP_LOG_LEVEL: 'loud',
    };
    const read = () => readConfig(schema, mistaken);
    expect(read).toThrow(ConfigError);
    for (const name of Object.keys(schema.shape)) expect(read).toThrow(name);
    expect(read).toThrow('APP_SECRET: must be set');
  });

  it('never shows the value of a secret', () => {
    expect(() => readConfig(schema, { ...required, APP_SECRET: 'short' })).toThrow(
      /^(?!.*short\b)/s,
    );
  });
});

describe(describeConfig, () => {
  it('names each setting with its default and its reason', () => {
    const text = describeConfig(schema);
    expect(text).toContain('# Where to listen.\n# APP_PORT=7000\n');
    expect(text).toContain('# What nobody knows. (required)\nAPP_SECRET=\n');
  });
});
