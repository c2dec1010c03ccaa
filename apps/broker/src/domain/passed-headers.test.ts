import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { passedHeaders, readHeaderList } from './passed-headers.js';

const secrets = [
  'authorization',
  'cookie',
  'x-api-key',
  'x-forwarded-for',
  'x-aisbf-internal-secret',
  'content-length',
  'connection',
];

describe(readHeaderList, () => {
  it('reads names as operators write them', () => {
    expect(readHeaderList('')).toEqual([]);
    expect(readHeaderList(' OpenAI-Beta, x-title ,')).toEqual(['openai-beta', 'x-title']);
  });

  it.each([...secrets, 'Authorization', 'x a', 'Proxy-Authorization', 'ä'])(
    'refuses %j',
    (name) => {
      expect(readHeaderList(`x-title,${name}`)).toMatch(/must not let/);
    },
  );

  it('is bounded', () => {
    const many = Array.from({ length: 33 }, (_, index) => `x-${index}`).join(',');
    expect(readHeaderList(many)).toMatch(/more than 32/);
  });
});

describe(passedHeaders, () => {
  it('passes what every worker gets, what the operator allows, and nothing else', () => {
    const headers = {
      accept: '*/*',
      'x-title': 't',
      'x-other': 'o',
      cookie: 'c',
      traceparent: '00',
    };
    expect(passedHeaders(headers, ['x-title'])).toEqual({
      accept: '*/*',
      'x-title': 't',
      traceparent: '00',
    });
  });

  it('never passes what names the buyer, whatever list was accepted', () => {
    const name = fc.oneof(fc.constantFrom(...secrets, 'x-title', 'openai-beta'), fc.string());
    fc.assert(
      fc.property(fc.array(name), (names) => {
        const list = readHeaderList(names.join(','));
        if (typeof list === 'string') return;
        const headers = Object.fromEntries(secrets.map((secret) => [secret, 'canary']));
        expect(passedHeaders(headers, list)).toEqual({});
      }),
    );
  });
});
