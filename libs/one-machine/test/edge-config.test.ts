import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { hostilePaths, missingPaths, noSocketPaths, openPaths, socketPaths } from './edge-paths.js';

const config = readFileSync(join(import.meta.dirname, '../../../deploy/edge/nginx.conf'), 'utf8');

/** The patterns of one `map`, as nginx reads them: the first that fits gives the value. */
function patternsOf(variable: string): readonly (readonly [RegExp, string])[] {
  const block = new RegExp(`map [^\\n]+ \\$${variable} \\{([^]*?)\\n  \\}`).exec(config)?.[1];
  const lines = [...(block ?? '').matchAll(/"~(\*?)(.+)" (\S+);/g)];
  return lines.map(([, flag, pattern = '', value = '']) => [
    new RegExp(pattern.replaceAll('\\\\', '\\'), flag === '*' ? 'i' : ''),
    value,
  ]);
}

const refusals = patternsOf('edge_refused');
const targets = patternsOf('edge_target');
const upgrades = patternsOf('edge_upgrade');

function routeOf(requestTarget: string): string {
  const path = requestTarget.split('?', 1)[0] ?? '';
  if (refusals.some(([pattern]) => pattern.test(path))) return 'refused';
  const found = targets.find(([pattern]) => pattern.test(path));
  return found?.[1].split(':')[0] ?? 'missing';
}

/** As the start command's own edge decides, which is asked the same. */
describe('the edge of the compose file', () => {
  it.each(openPaths)('sends %s to the %s', (path, target) => {
    expect(routeOf(path)).toBe(target);
  });

  it.each(missingPaths)('has nothing at %s', (path) => {
    expect(routeOf(path)).toBe('missing');
  });

  it.each(hostilePaths)('refuses %s', (path) => {
    expect(routeOf(path)).toBe('refused');
  });

  it.each(socketPaths)('opens a WebSocket at %s', (path, target) => {
    expect(routeOf(path)).toBe(target);
    expect(mayUpgrade(path)).toBe(true);
  });

  it.each(noSocketPaths)('opens none at %s', (path) => {
    expect(mayUpgrade(path)).toBe(false);
  });
});

function mayUpgrade(requestTarget: string): boolean {
  const path = requestTarget.split('?', 1)[0] ?? '';
  const asked = `${routeOf(requestTarget)}:8080 ${path} websocket`;
  return upgrades.some(([pattern]) => pattern.test(asked));
}
