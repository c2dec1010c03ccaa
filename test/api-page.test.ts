import { readFile } from 'node:fs/promises';
import { endpointPaths, restRoutes } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';

const read = (page: string) => readFile(new URL(`../docs/${page}`, import.meta.url), 'utf8');

/** Each endpoint's own part of the page, by the names in its heading. */
async function parts(): Promise<ReadonlyMap<string, string>> {
  const page = await read('api.md');
  const sections = page.split(/^###? /m);
  return new Map(
    sections.flatMap((section) => {
      const [heading = ''] = section.split('\n');
      const names = /\((`[^)]+`)\)$/.exec(heading)?.[1] ?? '';
      return names
        .split(', ')
        .filter((name) => name !== '')
        .map((name): [string, string] => [name.replaceAll('`', ''), section]);
    }),
  );
}

describe('docs/api.md', () => {
  it.each(Object.entries(endpointPaths))('has one place for %s', async (name, path) => {
    const section = (await parts()).get(name);
    const method = name === 'realtime' ? 'GET' : 'POST';
    expect(section).toContain(`\`${method} /v1${path}\``);
    for (const row of ['paid in', 'a worker serves it']) expect(section).toContain(`| ${row} |`);
    expect(section).toContain('asked with');
  });

  it('has one for the paths of the workers’ own, and knows no endpoint that there is not', async () => {
    expect([...(await parts()).keys()].sort()).toEqual(
      [...Object.keys(endpointPaths), 'studio'].sort(),
    );
  });

  it('names every call of buyers, or the page that does', async () => {
    const pages = ['api.md', 'responses-and-messages.md', 'files-and-batches.md'];
    const text = (await Promise.all(pages.map(read))).join('\n');
    const calls = restRoutes.filter(({ path }) => path.startsWith('/v1/'));
    const missing = calls.filter(({ path }) => !text.includes(path));
    expect(missing.map(({ path }) => path)).toEqual([]);
  });
});
