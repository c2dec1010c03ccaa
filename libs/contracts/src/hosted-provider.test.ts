import { describe, expect, it } from '@jest/globals';
import {
  BaseUrl,
  HeaderTemplate,
  HostedModels,
  QueryTemplate,
  UpstreamCredential,
} from './hosted-provider.js';

const isHeader = (name: string, value = 'x') => HeaderTemplate.safeParse({ [name]: value }).success;

describe('HeaderTemplate', () => {
  it.each([
    'authorization',
    'api-key',
    'x-api-key',
    'HTTP-Referer',
    'x-title',
    'anthropic-version',
    'cookie',
  ])('takes %s', (name) => {
    expect(isHeader(name)).toBe(true);
  });

  it.each([
    ...[
      'host',
      'Host',
      'content-length',
      'content-type',
      'Content-Encoding',
      'connection',
      'keep-alive',
    ],
    ...['transfer-encoding', 'TE', 'trailer', 'upgrade', 'expect', 'proxy-authorization', 'accept'],
    ...['accept-encoding', 'x-aisbf-internal-secret', 'X-AISBF-Anything'],
    ...['', 'a b', 'a:b', 'a\r\nb', 'a\nhost', 'ä', 'a'.repeat(65), '(a)'],
  ])('takes no %j', (name) => {
    expect(isHeader(name)).toBe(false);
  });

  it.each([
    'a\r\nhost: evil',
    'a\nb',
    'a\rb',
    '\0',
    'a\u{7f}',
    '€',
    '{credential}{credential}',
    'x'.repeat(2049),
  ])('takes no value %j', (value) => {
    expect(isHeader('x-a', value)).toBe(false);
  });

  it('takes values with the credential in them, and in Latin-1', () => {
    for (const value of ['{credential}', 'Key {credential}; v=1', 'ä', ''])
      expect(isHeader('x-a', value)).toBe(true);
  });

  it('names no header twice, and not too many', () => {
    expect(HeaderTemplate.safeParse({ 'x-a': '1', 'X-A': '2' }).success).toBe(false);
    const many = Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`x-${at}`, '']));
    expect(HeaderTemplate.safeParse(many).success).toBe(false);
    expect(QueryTemplate.safeParse(many).success).toBe(false);
  });
});

describe('QueryTemplate', () => {
  it('takes parameters by plain names, with any value', () => {
    expect(
      QueryTemplate.safeParse({ 'api-version': '2024-10-21', key: '{credential}', q: 'ä&=#' })
        .success,
    ).toBe(true);
    for (const name of ['', 'a b', 'a=b', 'a&b', 'ä'])
      expect(QueryTemplate.safeParse({ [name]: 'x' }).success).toBe(false);
  });
});

describe('BaseUrl', () => {
  it.each([
    ['https://api.example/v1', true],
    ['https://r.openai.azure.com/openai/deployments/my-gpt?api-version=2024-10-21', true],
    ['http://localhost:11434/v1', true],
    ['https://user:secret@api.example/v1', false],
    ['https://secret@api.example/v1', false],
    ['https://api.example/v1#secret', false],
    ['https://api.example/v1#', false],
    ['ftp://api.example/v1', false],
    ['file:///etc/passwd', false],
    ['api.example/v1', false],
    ['https://', false],
  ])('%s: %p', (url, isTaken) => {
    expect(BaseUrl.safeParse(url).success).toBe(isTaken);
  });
});

describe('HostedModels', () => {
  it('gives one model several names, and one name to one model', () => {
    const sold = [
      { name: 'fast', upstreamName: 'gpt' },
      { name: 'cheap', upstreamName: 'gpt' },
      { name: 'gpt' },
    ];
    expect(HostedModels.safeParse(sold).success).toBe(true);
    const torn = [
      { name: 'fast', upstreamName: 'a' },
      { name: 'fast', upstreamName: 'b' },
    ];
    expect(HostedModels.safeParse(torn).success).toBe(false);
    expect(HostedModels.safeParse([]).success).toBe(false);
  });
});

describe('UpstreamCredential', () => {
  it('is what fits into a header', () => {
    for (const text of ['sk-1', 'a b', 'sk-ältere'])
      expect(UpstreamCredential.safeParse(text).success).toBe(true);
    for (const text of ['', 'sk\n1', 'sk\r\nhost: x', '€'])
      expect(UpstreamCredential.safeParse(text).success).toBe(false);
  });
});
