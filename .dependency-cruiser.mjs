/**
 * Who may import whom. Imports of types count as much as any other.
 *
 *   domain ← services ← inbound, outbound ← app.module ← main
 *   contracts ← everyone; database-X ← the outbound layer of app X; apps never import apps, libs never apps
 *
 * `libs/testkit/src/boundaries.test.ts` breaks every rule once and sees it fire. Packages of the workspace
 * resolve to their sources (`tsconfig.boundaries.json`), so that nothing needs to be built to check this;
 * packages from npm lie somewhere below `node_modules/.pnpm`, so no pattern here may start at `node_modules`.
 */

/** Matches the door of these npm packages, wherever they are installed. */
const npm = (...names) => `(^|/)node_modules/(${names.join('|')})/`;
const anyNpm = '(^|/)node_modules/[^.]';
const core = (...names) => `^(node:)?(${names.join('|')})(/strict)?$`;

const test = String.raw`\.test\.ts$`;
const home = '^((?:apps|libs|prisma)/[^/]+|bench|test)/';
const ownApp = '^apps/$1/src';

/**
 * What lies beside the layers is either where they are put together (in an app without Nest, the file with
 * the app's name), or a leaf (settings, events, loggers): something that any layer but the domain may read,
 * and that imports nothing of the app but its domain.
 */
const composition = (app) => `(main|[a-z]+[.]module|index|${app})[.]ts$`;
const leaves = (app) => `(?!${composition(app)})[^/]+[.]ts$`;
const pureLibs =
  '^libs/(broker-protocol|contracts|faults|metering|money|openai|secrets|signals|anthropic)/src/index[.]ts$';
/** Deterministic built-ins: no clock, no files, no network. */
const pureCore = core('assert', 'buffer', 'crypto', 'string_decoder', 'util');

const layer = (name) => ({ path: `^apps/([^/]+)/src/${name}/`, pathNot: test });

export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment:
        'A cycle is one module in several files. Move what both need down, or send an event.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'domain-is-pure',
      comment: 'Rules are values and functions: no framework, no database, no service, no clock.',
      severity: 'error',
      from: layer('domain'),
      to: { path: '.', pathNot: [`${ownApp}/domain/`, pureLibs, pureCore] },
    },
    {
      name: 'services-point-left',
      comment:
        'A use case knows the domain and its own ports, not who calls it or how they are kept.',
      severity: 'error',
      from: layer('services'),
      to: {
        path: '^apps/$1/src/',
        pathNot: [`${ownApp}/(domain|services)/`, `${ownApp}/${leaves('$1')}`],
      },
    },
    {
      name: 'services-without-frameworks',
      comment: 'From npm, a service takes only the Injectable of @nestjs/common.',
      severity: 'error',
      from: layer('services'),
      to: { path: anyNpm, pathNot: npm('@nestjs/common') },
    },
    {
      name: 'services-without-machinery',
      comment: 'Files, sockets and processes belong to outbound, behind a port.',
      severity: 'error',
      from: layer('services'),
      to: {
        dependencyTypes: ['core'],
        pathNot: [pureCore, core('timers', 'timers/promises', 'events')],
      },
    },
    {
      name: 'inbound-not-outbound',
      comment: 'A door parses and calls a service; it does not reach past it.',
      severity: 'error',
      from: layer('inbound'),
      to: { path: `${ownApp}/outbound/` },
    },
    {
      name: 'outbound-not-inbound',
      comment: 'An adapter serves a port; it knows nothing of who came in.',
      severity: 'error',
      from: layer('outbound'),
      to: { path: `${ownApp}/inbound/` },
    },
    {
      name: 'layers-below-root',
      comment: 'app.module puts the layers together and main starts it; no layer knows of either.',
      severity: 'error',
      from: layer('(?:domain|services|inbound|outbound)'),
      to: { path: `${ownApp}/${composition('$1')}` },
    },
    {
      name: 'leaves-are-leaves',
      comment:
        'Settings, events and loggers are read by every layer, so they may know none but the domain.',
      severity: 'error',
      from: { path: `^apps/([^/]+)/src/${leaves('\\1')}`, pathNot: test },
      to: { path: '^apps/$1/src/', pathNot: [`${ownApp}/domain/`, `${ownApp}/${leaves('$1')}`] },
    },
    {
      name: 'main-is-last',
      comment: 'Importing main would start a service.',
      severity: 'error',
      from: {},
      to: { path: '^apps/[^/]+/src/main[.]ts$' },
    },
    {
      name: 'apps-are-islands',
      comment: 'Services meet over contracts, never over code.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'libs-below-apps',
      comment: 'A library that needs an app is part of that app.',
      severity: 'error',
      from: { path: '^(libs|prisma)/' },
      to: { path: '^apps/' },
    },
    {
      name: 'contracts-know-zod',
      comment: 'Everyone imports the contracts, so they import nobody.',
      severity: 'error',
      from: { path: '^libs/contracts/src/', pathNot: test },
      to: { path: '.', pathNot: ['^libs/contracts/src/', npm('zod')] },
    },
    {
      name: 'pure-libs-know-nobody',
      comment: 'These are values and functions that any part may use, also one that is not ours.',
      severity: 'error',
      from: { path: '^libs/(broker-protocol|faults|money|openai|secrets)/src/', pathNot: test },
      to: { path: '.', pathNot: ['^libs/$1/src/', pureCore, npm('zod')] },
    },
    {
      name: 'zod-at-the-wire',
      comment: 'Of the pure libraries only the broker protocol describes what strangers send.',
      severity: 'error',
      from: { path: '^libs/(faults|money|openai|secrets)/src/', pathNot: test },
      to: { path: npm('zod') },
    },
    {
      name: 'one-door',
      comment: 'A package is entered through its index; what lies behind it may move.',
      severity: 'error',
      from: { path: home },
      to: {
        path: '^(apps|libs|prisma)/[^/]+/|^bench/|^test/',
        pathNot: ['^$1/', '^(apps|libs|prisma)/[^/]+/src/index[.]ts$'],
      },
    },
    {
      name: 'packages-by-name',
      comment: 'Other packages are imported as @aisbf/…, so that pnpm and turbo know of it.',
      severity: 'error',
      from: { path: home },
      to: {
        path: '^(apps|libs|prisma)/[^/]+/|^bench/|^test/',
        pathNot: '^$1/',
        dependencyTypesNot: ['aliased'],
      },
    },
    {
      name: 'database-behind-outbound',
      comment: 'Rows stop at the store.',
      severity: 'error',
      from: { pathNot: ['^apps/[^/]+/src/outbound/', '^prisma/', test] },
      to: { path: '^prisma/' },
    },
    {
      name: 'own-tables-only',
      comment: "A service's tables are read by that service alone.",
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^prisma/', pathNot: '^prisma/$1/' },
    },
    {
      name: 'prisma-behind-database',
      comment: 'Only the database packages know which client they are made with.',
      severity: 'error',
      from: { pathNot: '^prisma/' },
      to: { path: npm('@prisma/[^/]+', 'prisma') },
    },
    {
      name: 'pg-behind-outbound',
      comment: 'SQL is spoken by stores and by what sets servers up.',
      severity: 'error',
      from: { path: '^apps/[^/]+/src/', pathNot: ['/outbound/', test] },
      to: { path: npm('pg', '@types/pg') },
    },
    {
      name: 'testkit-in-tests',
      comment: 'What is shipped does not carry its test bench.',
      severity: 'error',
      from: { path: '^(apps|libs|prisma)/[^/]+/src/', pathNot: ['^libs/testkit/', test] },
      to: { path: ['^libs/testkit/', test] },
    },
    {
      name: 'no-dev-dependencies',
      comment: 'A dependency of what is shipped is declared as one.',
      severity: 'error',
      from: { path: '^(apps|libs|prisma)/[^/]+/src/', pathNot: test },
      to: {
        dependencyTypes: ['npm-dev'],
        // A type-only package is gone before anything is shipped.
        dependencyTypesNot: ['type-only'],
        pathNot: npm('@types/[^/]+'),
      },
    },
    {
      name: 'no-unknown',
      comment: 'An import that is neither declared nor on disk.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['unknown', 'undetermined', 'npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.boundaries.json' },
    combinedDependencies: true,
    // Everything else, built files among it, counts as somebody's target but is not looked into.
    doNotFollow: { path: '(^|/)(node_modules|dist|generated)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default'],
      mainFields: ['types', 'main'],
      extensions: ['.ts', '.d.ts', '.js', '.mjs', '.json'],
    },
  },
};
