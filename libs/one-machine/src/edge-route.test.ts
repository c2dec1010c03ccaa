import { describe, expect, it } from '@jest/globals';
import { edgeRoute } from './edge-route.js';

describe(edgeRoute, () => {
  it.each([
    ['/v1/chat/completions', 'gateway'],
    ['/v1/models?limit=1', 'gateway'],
    ['/v1/models/seller%2Fllama', 'gateway'],
    ['/api/v1/chat/completions', 'gateway'],
    ['/api/u/ada/v1/models', 'gateway'],
    ['/api/u/ada/chat/completions', 'gateway'],
    ['/openapi.json', 'gateway'],
    ['/api/coderai/register?token=x', 'broker'],
    ['/api/u/ada/coderai/ws', 'broker'],
    ['/api/account/balance', 'accounts'],
    ['/api/account', 'accounts'],
    ['/api/catalog/providers', 'router'],
    ['/v1/chat?next=/../internal', 'gateway'],
  ])('sends %s to the %s', (path, target) => {
    expect(edgeRoute(path)).toEqual({ name: 'forward', target });
  });

  it.each([
    '/internal/v1/settle',
    '/metrics',
    '/healthz',
    '/readyz',
    '/v1internal',
    '/api/accounting',
    '/api/u/ada',
    '/api/u//v1x',
    '/favicon.ico',
    '/api',
  ])('has nothing at %s', (path) => {
    expect(edgeRoute(path).name).not.toBe('forward');
  });

  it.each([
    '/v1/../internal/v1/settle',
    '/v1/./models',
    '/v1/%2e%2e/internal',
    '/v1/.%2E/internal',
    '/v1/..%2finternal',
    '/v1%2F..%2finternal',
    '/v1/x%2Finternal',
    '/v1/models/..%2f..%2Finternal',
    '/v1/models/%252e%252e/internal',
    '/v1/models/..\\internal',
    '/v1/%5c..%5cinternal',
    '/v1//internal',
    '//internal/v1',
    '/v1/..;/internal',
    '/v1/%00',
    '/v1/%zz',
    '/v1/#/../internal',
    'http://127.0.0.1/internal/v1/settle',
    '*',
    '',
  ])('refuses %s', (path) => {
    expect(edgeRoute(path)).toEqual({ name: 'refused' });
  });

  it('shows an index at the root', () => {
    expect(edgeRoute('/?from=mail')).toEqual({ name: 'index' });
  });
});
