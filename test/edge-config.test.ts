import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const config = readFileSync(join(import.meta.dirname, '../deploy/edge/nginx.conf'), 'utf8');

/** The patterns of one `map`, as nginx reads them: the first that fits gives the value. */
function patternsOf(variable: string): readonly (readonly [RegExp, string])[] {
  const block = new RegExp(`map \\$edge_path \\$${variable} \\{([^]*?)\\n  \\}`).exec(config)?.[1];
  const lines = [...(block ?? '').matchAll(/"~(\*?)(.+)" (\S+);/g)];
  return lines.map(([, flag, pattern = '', value = '']) => [
    new RegExp(pattern.replaceAll('\\\\', '\\'), flag === '*' ? 'i' : ''),
    value,
  ]);
}

const refusals = patternsOf('edge_refused');
const targets = patternsOf('edge_target');

function routeOf(requestTarget: string): string {
  const path = requestTarget.split('?', 1)[0] ?? '';
  if (refusals.some(([pattern]) => pattern.test(path))) return 'refused';
  const found = targets.find(([pattern]) => pattern.test(path));
  return found?.[1].split(':')[0] ?? 'missing';
}

/** As the start command's own edge decides; its tests say the same of it. */
describe('the edge of the compose file', () => {
  it.each([
    ['/v1/chat/completions', 'gateway'],
    ['/v1/models?limit=1', 'gateway'],
    ['/v1/models/seller%2Fllama', 'gateway'],
    ['/api/v1/chat/completions', 'gateway'],
    ['/api/u/ada/v1/models', 'gateway'],
    ['/api/u/ada/chat/completions', 'gateway'],
    ['/openapi.json', 'gateway'],
    ['/api/coderai/register?token=x', 'broker'],
    ['/api/u/ada/coderai/wss', 'broker'],
    ['/api/account/balance', 'accounts'],
    ['/api/account', 'accounts'],
    ['/api/catalog/providers', 'router'],
    ['/v1/chat?next=/../internal', 'gateway'],
  ])('sends %s to the %s', (path, target) => {
    expect(routeOf(path)).toBe(target);
  });

  it.each([
    '/internal/v1/settle',
    '/metrics',
    '/healthz',
    '/readyz',
    '/v1internal',
    '/api/accounting',
    '/api/u/ada',
    '/favicon.ico',
    '/api',
  ])('has nothing at %s', (path) => {
    expect(routeOf(path)).toBe('missing');
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
  ])('refuses %s', (path) => {
    expect(routeOf(path)).toBe('refused');
  });
});
