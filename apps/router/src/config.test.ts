import { randomBytes } from 'node:crypto';
import { readConfig } from '@aisbf/platform';
import { describe, expect, it } from '@jest/globals';
import { requireConsistent, routerSettings } from './config.js';

const required = {
  AISBF_INTERNAL_SECRET: 'an-internal-secret',
  AISBF_NATS_URL: 'nats://127.0.0.1:4222',
  ROUTER_DATABASE_URL: 'postgres://router@127.0.0.1/aisbf',
  ROUTER_REDIS_URL: 'redis://127.0.0.1:6379',
  ROUTER_ACCOUNTS_URL: 'http://127.0.0.1:7001',
  ROUTER_SECRET_PEPPER: 'a-pepper-of-some-length',
  ROUTER_CREDENTIAL_KEYS: `first:${randomBytes(32).toString('base64')}`,
};

describe('routerSettings', () => {
  it('has defaults that go together', () => {
    expect(() => requireConsistent(readConfig(routerSettings, required))).not.toThrow();
  });

  it('tells of every mistake at once', () => {
    const read = () =>
      readConfig(routerSettings, { ROUTER_CREDENTIAL_KEYS: 'a:c2hvcnQ=', ROUTER_FEE_BPS: '10001' });
    const mistakes = [...Object.keys(required), 'ROUTER_FEE_BPS'];
    for (const name of mistakes) expect(read).toThrow(name);
  });

  it('tells of settings that do not go together, all at once', () => {
    const settings = readConfig(routerSettings, {
      ...required,
      ROUTER_HOLD_TTL_MS: '600000',
      ROUTER_ATTEMPTS_MAX: '9',
      ROUTER_PROBE_PROVIDER_DAY_MAX: '200000',
      ROUTER_PROBE_REST_MS_MAX: '1000',
    });
    for (const name of [
      'ROUTER_HOLD_TTL_MS',
      'ROUTER_ATTEMPTS_MAX',
      'ROUTER_PROBE_PROVIDER_DAY_MAX',
      'ROUTER_PROBE_REST_MS_MAX',
    ]) {
      expect(() => requireConsistent(settings)).toThrow(name);
    }
  });

  it.each([
    ['ROUTER_PROBES', 'yes'],
    ['ROUTER_PROBE_MODELS', 'doubtful'],
    ['ROUTER_PROBE_COMPLETION', 'sometimes'],
    ['ROUTER_PROBE_OUTPUT_TOKENS', '5'],
    ['ROUTER_PROBE_OUTPUT_TOKENS', '0'],
    ['ROUTER_PROBE_MODELS_INTERVAL_MS', '0'],
    ['ROUTER_PROBE_JITTER_PERCENT', '51'],
    ['ROUTER_PROBE_CONCURRENCY', 'many'],
  ])('does not take %s=%s', (name, value) => {
    expect(() => readConfig(routerSettings, { ...required, [name]: value })).toThrow(name);
  });

  it('tells of every mistake in the keys of credentials, and shows none of them', () => {
    const [one, two] = [randomBytes(32), randomBytes(32)].map((key) => key.toString('base64'));
    const read = () =>
      readConfig(routerSettings, {
        ...required,
        ROUTER_CREDENTIAL_KEYS: `a:${one},a:${two},${two},b:c2hvcnQ=`,
      });
    const mistakes = [
      'ROUTER_CREDENTIAL_KEYS: the id "a" stands for more than one key',
      'ROUTER_CREDENTIAL_KEYS: entry 3 must read id:key',
      'ROUTER_CREDENTIAL_KEYS: the key of entry 4 must be 32 bytes as base64',
    ];
    for (const mistake of mistakes) expect(read).toThrow(mistake);
    for (const key of [one ?? '', two ?? '', 'c2hvcnQ=']) expect(read).not.toThrow(key);
  });
});
