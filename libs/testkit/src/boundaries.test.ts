import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../../..');

type Violation = Readonly<{ rule: string; from: string; to: string }>;

/** The npm packages of the miniature; each lies where pnpm puts it, behind a link. */
const npmPackages = ['@nestjs/common', '@prisma/client', 'fastify', 'pg', 'zod'];
const devPackages = ['fast-check'];

/** A small tree that keeps every rule: one import of each kind that is allowed. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'apps/shop/src/main.ts': ['./app.module.js', './config.js'],
  'apps/shop/src/app.module.ts': [
    '@nestjs/common',
    './inbound/till.js',
    './outbound/shelf.js',
    './services/sale.js',
  ],
  'apps/shop/src/config.ts': ['zod', './domain/price.js'],
  'apps/shop/src/domain/price.ts': ['@aisbf/money', '@aisbf/contracts', 'node:assert/strict'],
  'apps/shop/src/domain/price.test.ts': ['./price.js', 'fast-check', '@aisbf/testkit'],
  'apps/shop/src/services/sale.ts': ['../domain/price.js', '../config.js', '@nestjs/common'],
  'apps/shop/src/inbound/till.ts': ['../services/sale.js', 'fastify', 'zod'],
  'apps/shop/src/outbound/shelf.ts': ['../services/sale.js', '@aisbf/database-shop', 'pg'],
  'apps/shop/test/shelf.int.test.ts': ['../src/outbound/shelf.js', '@aisbf/testkit'],
  'apps/bank/src/app.module.ts': ['@nestjs/common'],
  'libs/money/src/index.ts': ['./nanos.js'],
  'libs/money/src/nanos.ts': ['node:assert'],
  'libs/contracts/src/index.ts': ['zod'],
  'libs/openai/src/index.ts': ['node:string_decoder'],
  'libs/platform/src/index.ts': ['@aisbf/contracts', 'fastify', 'node:http'],
  'libs/testkit/src/index.ts': ['@aisbf/contracts', 'node:fs'],
  'prisma/shop/src/index.ts': ['@prisma/client', 'pg'],
  'prisma/bank/src/index.ts': ['@prisma/client'],
};

/** One step over each line: the rule that must see it, where it stands, what it imports. */
const breaches: ReadonlyArray<readonly [rule: string, folder: string, specifier: string]> = [
  ['domain-is-pure', 'apps/shop/src/domain', '@nestjs/common'],
  ['domain-is-pure', 'apps/shop/src/domain', 'pg'],
  ['domain-is-pure', 'apps/shop/src/domain', 'zod'],
  ['domain-is-pure', 'apps/shop/src/domain', '../services/sale.js'],
  ['domain-is-pure', 'apps/shop/src/domain', '../outbound/shelf.js'],
  ['domain-is-pure', 'apps/shop/src/domain', '../config.js'],
  ['domain-is-pure', 'apps/shop/src/domain', '@aisbf/platform'],
  ['domain-is-pure', 'apps/shop/src/domain', 'node:fs'],
  ['services-point-left', 'apps/shop/src/services', '../inbound/till.js'],
  ['services-point-left', 'apps/shop/src/services', '../outbound/shelf.js'],
  ['services-without-frameworks', 'apps/shop/src/services', 'fastify'],
  ['services-without-frameworks', 'apps/shop/src/services', 'pg'],
  ['services-without-frameworks', 'apps/shop/src/services', '@prisma/client'],
  ['services-without-machinery', 'apps/shop/src/services', 'node:net'],
  ['inbound-not-outbound', 'apps/shop/src/inbound', '../outbound/shelf.js'],
  ['outbound-not-inbound', 'apps/shop/src/outbound', '../inbound/till.js'],
  ['layers-below-root', 'apps/shop/src/inbound', '../app.module.js'],
  ['layers-below-root', 'apps/shop/src/services', '../app.module.js'],
  ['main-is-last', 'apps/shop/src', './main.js'],
  ['main-is-last', 'apps/shop/test', '../src/main.js'],
  ['apps-are-islands', 'apps/shop/src/outbound', '@aisbf/bank'],
  ['apps-are-islands', 'apps/shop/test', '../../bank/src/app.module.js'],
  ['libs-below-apps', 'libs/platform/src', '../../../apps/bank/src/app.module.js'],
  ['libs-below-apps', 'prisma/shop/src', '@aisbf/bank'],
  ['contracts-know-zod', 'libs/contracts/src', '@aisbf/money'],
  ['contracts-know-zod', 'libs/contracts/src', 'node:crypto'],
  ['pure-libs-know-nobody', 'libs/money/src', '@aisbf/contracts'],
  ['pure-libs-know-nobody', 'libs/openai/src', 'fastify'],
  ['pure-libs-know-nobody', 'libs/openai/src', 'node:fs'],
  ['zod-at-the-wire', 'libs/openai/src', 'zod'],
  ['one-door', 'apps/shop/src/outbound', '../../../../libs/money/src/nanos.js'],
  ['one-door', 'libs/platform/src', '../../contracts/dist/index.js'],
  ['packages-by-name', 'libs/platform/src', '../../contracts/src/index.js'],
  ['database-behind-outbound', 'apps/shop/src/inbound', '@aisbf/database-shop'],
  ['database-behind-outbound', 'apps/shop/src/services', '@aisbf/database-shop'],
  ['database-behind-outbound', 'libs/platform/src', '@aisbf/database-shop'],
  ['own-tables-only', 'apps/shop/src/outbound', '@aisbf/database-bank'],
  ['prisma-behind-database', 'apps/shop/src/outbound', '@prisma/client'],
  ['prisma-behind-database', 'libs/platform/src', '@prisma/client'],
  ['pg-behind-outbound', 'apps/shop/src/inbound', 'pg'],
  ['testkit-in-tests', 'apps/shop/src/outbound', '@aisbf/testkit'],
  ['testkit-in-tests', 'apps/shop/src/domain', './price.test.js'],
  ['no-unknown', 'libs/platform/src', 'nowhere'],
  ['no-unknown', 'libs/platform/src', 'undeclared'],
];

/** Every way in which TypeScript can name another module. */
const forms: Readonly<Record<string, (specifier: string) => string>> = {
  value: (specifier) => `import { thing } from '${specifier}';\nexport const mine = thing;\n`,
  effect: (specifier) => `import '${specifier}';\n`,
  type: (specifier) => `import type { Thing } from '${specifier}';\nexport type Mine = Thing;\n`,
  'type-query': (specifier) => `export type Mine = readonly import('${specifier}').Thing[];\n`,
  're-export': (specifier) => `export type { Thing } from '${specifier}';\n`,
  later: (specifier) => `export const mine = async () => await import('${specifier}');\n`,
};

let tree = '';
let found: readonly Violation[] = [];

function write(path: string, text: string): void {
  mkdirSync(join(tree, dirname(path)), { recursive: true });
  writeFileSync(join(tree, path), text);
}

function installNpmPackage(name: string): void {
  const store = `node_modules/.pnpm/${name.replace('/', '+')}@1.0.0/node_modules/${name}`;
  write(`${store}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
  write(`${store}/index.js`, 'export const thing = 1;\n');
  mkdirSync(join(tree, 'node_modules', dirname(name)), { recursive: true });
  symlinkSync(join(tree, store), join(tree, 'node_modules', name));
}

function breachPath(folder: string, index: number, form: string): string {
  return `${folder}/breach-${index}-${form}.ts`;
}

function cruise(): readonly Violation[] {
  const output = execFileSync(
    process.execPath,
    [
      join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs'),
      ...['apps', 'libs', 'prisma', '--config', '.dependency-cruiser.mjs'],
      ...['--output-type', 'json'],
    ],
    { cwd: tree, encoding: 'utf8', maxBuffer: 2 ** 26 },
  );
  const { summary } = JSON.parse(output) as {
    summary: { violations: { rule: { name: string }; from: string; to: string }[] };
  };
  return summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to }));
}

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'aisbf-boundaries-'));
  for (const file of ['.dependency-cruiser.mjs', 'tsconfig.boundaries.json'])
    cpSync(join(root, file), join(tree, file));
  const manifest = {
    dependencies: Object.fromEntries(npmPackages.map((name) => [name, '1.0.0'])),
    devDependencies: Object.fromEntries(devPackages.map((name) => [name, '1.0.0'])),
  };
  write('package.json', JSON.stringify(manifest));
  for (const name of [...npmPackages, ...devPackages, 'undeclared']) installNpmPackage(name);

  for (const [path, specifiers] of Object.entries(allowed)) {
    const imports = specifiers.map((specifier) => `import '${specifier}';\n`);
    write(path, `${imports.join('')}export const thing = 1;\nexport type Thing = number;\n`);
  }
  write('apps/bank/src/index.ts', "export { thing } from './app.module.js';\n");
  write('libs/contracts/dist/index.js', 'export const thing = 1;\n');
  breaches.forEach(([, folder, specifier], index) => {
    for (const [form, text] of Object.entries(forms))
      write(breachPath(folder, index, form), text(specifier));
  });

  write(
    'libs/platform/src/hen.ts',
    "import type { Egg } from './egg.js';\nexport class Hen { egg?: Egg }\n",
  );
  write(
    'libs/platform/src/egg.ts',
    "import { Hen } from './hen.js';\nexport class Egg { hen = new Hen() }\n",
  );
  write('apps/shop/src/logger.ts', "import './app.module.js';\n");
  write(
    'libs/platform/src/dev.ts',
    "import { thing } from 'fast-check';\nexport const mine = thing;\n",
  );
  found = cruise();
}, 60_000);

afterAll(() => rmSync(tree, { recursive: true, force: true }));

describe('the boundaries', () => {
  it('let everything through that the architecture allows', () => {
    const kept = new Set(Object.keys(allowed));
    expect(found.filter(({ from }) => kept.has(from))).toEqual([]);
  });

  const cases = breaches.map(([rule, folder, specifier], index) => ({
    rule,
    folder,
    specifier,
    index,
  }));
  it.each(cases)('$rule: $folder may not import $specifier', ({ rule, folder, index }) => {
    const sources = found.filter((each) => each.rule === rule).map(({ from }) => from);
    const paths = Object.keys(forms).map((form) => breachPath(folder, index, form));
    expect(sources).toEqual(expect.arrayContaining(paths));
  });

  it.each([
    ['no-cycles', 'libs/platform/src/egg.ts'],
    ['leaves-are-leaves', 'apps/shop/src/logger.ts'],
    ['no-dev-dependencies', 'libs/platform/src/dev.ts'],
  ])('%s: fires for %s', (rule, from) => {
    expect(found).toContainEqual(expect.objectContaining({ rule, from }));
  });

  it('have no rule that nobody has ever seen fire', async () => {
    const config = await import(join(root, '.dependency-cruiser.mjs'));
    const rules: string[] = config.default.forbidden.map((rule: { name: string }) => rule.name);
    expect(new Set(found.map(({ rule }) => rule))).toEqual(new Set(rules));
  });
});
