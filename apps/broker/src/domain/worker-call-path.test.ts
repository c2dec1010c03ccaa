import { describe, expect, it } from '@jest/globals';
import { workerEndpoint } from './worker-call-path.js';

describe(workerEndpoint, () => {
  it.each([
    ['POST', '/v1/chat/completions', 'chat.completions'],
    ['GET', '/v1/models', 'models.list'],
    ['POST', '/v1/images/generations', 'proxy'],
    ['GET', '/v1/files/file-1.mp4', 'proxy'],
    ['DELETE', '/v1/files/a', 'proxy'],
  ])('knows %s %s', (method, path, op) => {
    expect(workerEndpoint(method, path)).toEqual({ op, path });
  });

  it.each([
    '/admin',
    '/admin/models',
    '/static/x',
    '/v1/admin',
    '/v1/models/a',
    '/coderai/capabilities',
    '/v1/images/../admin',
    '/v1/images/..',
    '/v1/images/%2e%2e/admin',
    '/v1/images/..%2fadmin',
    '/v1/images%2f..%2fadmin',
    '/v1/images/a%2Fb',
    '/v1/images/a\\b',
    '/v1/images/a;b',
    '/v1/images//admin',
    '/v1//images',
    '//evil/v1/images',
    'http://evil/v1/images',
    '/v1/images/http://evil',
    '/v1/imagesx',
    '/V1/images',
    '/v1/images/',
    '',
  ])('is not asked for %s', (path) => {
    expect(workerEndpoint('GET', path)).toBeUndefined();
    expect(workerEndpoint('POST', path)).toBeUndefined();
  });

  it('has three methods', () => {
    expect(workerEndpoint('PUT', '/v1/files/a')).toBeUndefined();
    expect(workerEndpoint('GET', '/v1/chat/completions')).toBeUndefined();
    expect(workerEndpoint('POST', '/v1/models')).toBeUndefined();
    expect(workerEndpoint('DELETE', '/v1/models')).toBeUndefined();
  });
});
