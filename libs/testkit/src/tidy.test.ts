import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../../..');
const codeFolders = ['apps', 'libs', 'prisma', 'bench', 'test', 'deploy'];
const skippedFolders = /^(node_modules|dist|generated|coverage|data|\.git|\.turbo|\.aisbf)$/;
const textFile =
  /(^|\/)[^/]*\.(ts|mjs|cjs|js|json|md|ya?ml|sql|proto|prisma|sh|tpl|conf|example)$|(^|\/)(run|Dockerfile)$/;

/** More than this in one file is two ideas; tests and generated files may be longer. */
const codeLinesMax = 350;
/** Below ten lines a file joins its neighbour, doors and ports apart; a few will always be left. */
const tinyShareMax = 0.15;

type SourceFile = Readonly<{ path: string; text: string }>;
type House = (file: SourceFile) => boolean;

const isTest = (path: string) => /\.test\.ts$/.test(path);

/** A list of what a package exports is one line, however many names it has. */
function codeLines(text: string): number {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^export \{[^}]*\} from/gm, 'export {} from')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.trim().startsWith('//')).length;
}

/** What each file of the tree must not be. The sentence is what a failing test prints. */
const complaints: Readonly<Record<string, House>> = {
  'is named after where it was thrown, not after what it holds': ({ path }) =>
    /(^|[.-])(utils?|helpers?|common|types|constants|interfaces?|managers?|misc|dtos?)\.[cm]?[jt]s$/.test(
      basename(path),
    ),
  'lies in a folder inside a layer': ({ path }) =>
    /^apps\/[^/]+\/src\/(domain|services|inbound|outbound)\/(?!__fixtures__)[^/]+\//.test(path),
  'exports everything of another file': ({ path, text }) =>
    /\.[cm]?ts$/.test(path) && /^\s*export\s+\*/m.test(text),
  [`has more than ${codeLinesMax} lines of code`]: ({ path, text }) =>
    /\.(ts|mjs)$/.test(path) && !isTest(path) && codeLines(text) > codeLinesMax,
  'leaves tests out': ({ path, text }) =>
    isTest(path) && /\b(describe|it|test)\.(skip|only|todo)\b|\b(xit|fit|xdescribe)\(/.test(text),
  'refers to a place outside of the repository': ({ text }) =>
    /\.\.\/shared\b|\/work\/(main|shared)\b/.test(text),
};

function* walk(folder: string): Generator<SourceFile> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!skippedFolders.test(entry.name)) yield* walk(path);
    } else if (entry.isFile() && textFile.test(path)) {
      yield { path: relative(root, path), text: readFileSync(path, 'utf8') };
    }
  }
}

/** This file quotes what it forbids. */
const tree = [...walk(root)].filter(({ path }) => basename(path) !== 'tidy.test.ts');

describe('the house', () => {
  it.each(Object.entries(complaints))('has no file that %s', (_complaint, isBroken) => {
    expect(tree.filter(isBroken).map(({ path }) => path)).toEqual([]);
  });

  it('is not made of crumbs', () => {
    const sources = tree.filter(
      ({ path }) =>
        codeFolders.includes(path.split('/')[0] ?? '') &&
        /\/src\/.*\.ts$/.test(path) &&
        !isTest(path) &&
        basename(path) !== 'index.ts' &&
        !path.startsWith('libs/contracts/'),
    );
    const crumbs = sources.filter(
      ({ text }) => codeLines(text) < 10 && !/export abstract class/.test(text),
    );
    const allowed = Math.max(1, sources.length * tinyShareMax);
    expect({ crumbs: crumbs.map(({ path }) => path), isTooMany: crumbs.length > allowed }).toEqual(
      expect.objectContaining({ isTooMany: false }),
    );
  });

  const longFile = Array.from({ length: codeLinesMax + 1 }, (_, line) => `f(${line});`).join('\n');
  it.each([
    ['is named after where it was thrown', { path: 'libs/a/src/utils.ts', text: '' }],
    ['is named after where it was thrown', { path: 'apps/a/src/domain/hold.types.ts', text: '' }],
    ['is named after where it was thrown', { path: 'apps/a/src/hold-manager.ts', text: '' }],
    ['lies in a folder', { path: 'apps/a/src/domain/holds/hold.ts', text: '' }],
    ['exports everything', { path: 'libs/a/src/index.ts', text: "export * from './a.js';" }],
    ['has more than', { path: 'libs/a/src/long.ts', text: longFile }],
    ['leaves tests out', { path: 'libs/a/src/a.test.ts', text: "it.only('runs', run);" }],
    ['refers to a place outside', { path: 'README.md', text: 'see ../shared/notes.md' }],
  ])('notices a file that %s', (complaint, file) => {
    const heard = Object.keys(complaints).filter((each) => complaints[each]?.(file));
    expect(heard).toEqual([expect.stringContaining(complaint)]);
  });

  it('does not mistake names that say what they hold', () => {
    const names = ['media-type.ts', 'hold.ts', 'manage-listing.ts', 'common-good.ts'];
    const heard = names.filter((name) =>
      Object.values(complaints).some((isBroken) =>
        isBroken({ path: `libs/a/src/${name}`, text: '' }),
      ),
    );
    expect(heard).toEqual([]);
  });
});
