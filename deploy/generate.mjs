/**
 * Writes the files that are made from the code, so that they cannot say anything else than it does: the
 * OpenAPI document from the contracts, the example environment from the services' settings, the error codes
 * from their catalogues, what autoselects choose from what they do.
 *
 *   npm run generate                     (after a build)
 *   node deploy/generate.mjs --check     says which of them are out of date, and fails if one is
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { accountsSettings } from '../apps/accounts/dist/config.js';
import { brokerSettings } from '../apps/broker/dist/config.js';
import { gatewaySettings } from '../apps/gateway/dist/config.js';
import { routerSettings } from '../apps/router/dist/config.js';
import { options as workerOptions } from '../apps/worker/dist/option-list.js';
import { openApiDocument } from '../libs/contracts/dist/index.js';
import { describeConfig } from '../libs/platform/dist/index.js';
import { errorTables } from './error-tables.mjs';
import { routingChoices } from './routing-choices.mjs';

const root = new URL('../', import.meta.url);
const services = {
  accounts: accountsSettings,
  router: routerSettings,
  broker: brokerSettings,
  gateway: gatewaySettings,
};
/** Settings of several services. They are shown once, in the words of the first that has them. */
const isShared = (name) => name.startsWith('AISBF_');

const header = `# Every setting of every service, with its default. Made from the code by \`npm run generate\`: do not edit.
# What has no default is not commented out and must be set. \`npm start\` sets all of that by itself.
`;

const files = {
  'docs/openapi.json': `${JSON.stringify(openApiDocument(), null, 2)}\n`,
  'docs/errors.md': errorTables(),
  'docs/routing-choices.md': routingChoices(),
  '.env.example': exampleEnvironment(),
};

const stale = Object.entries(files).filter(([path, text]) => textAt(path) !== text);
if (process.argv.includes('--check')) {
  for (const [path] of stale) console.log(`${path} is out of date: npm run generate`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const [path, text] of stale) writeFileSync(new URL(path, root), text);
  console.log(stale.length > 0 ? stale.map(([path]) => path).join('\n') : 'All is up to date.');
}

function exampleEnvironment() {
  const [first] = Object.values(services);
  const { router, gateway } = services;
  const isOfSome = (name) => isShared(name) && name in gateway.shape && !(name in first.shape);
  const sections = [
    section('Every service', describeConfig(only(first, isShared))),
    section('router and gateway', describeConfig(only(router, isOfSome))),
    ...Object.entries(services).map(([name, schema]) =>
      section(name, describeConfig(only(schema, (setting) => !isShared(setting)))),
    ),
    section("worker, on the seller's machine", workerOptions.map(describeOption).join('\n')),
  ];
  return `${header}\n${sections.join('\n')}`;
}

function section(title, body) {
  return `# ---- ${title} ${'-'.repeat(Math.max(0, 90 - title.length))}\n\n${body}`;
}

function only(schema, isWanted) {
  const names = Object.keys(schema.shape).filter(isWanted);
  return schema.pick(Object.fromEntries(names.map((name) => [name, true])));
}

/** The worker has flags too, and shows its settings in its own way. */
function describeOption({ env, help, fallback = '' }) {
  return `# ${help}\n# ${env}=${fallback}\n`;
}

function textAt(path) {
  try {
    return readFileSync(fileURLToPath(new URL(path, root)), 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
