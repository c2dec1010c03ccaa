/**
 * Makes database, schemas, tables and the services' roles, whatever of it is missing. May run any number of
 * times, also at once.
 *
 *   DATABASE_URL            the database, with a login that may create schemas and, if it can be had, roles
 *   ACCOUNTS_DATABASE_URL   as the services get them: their users and passwords are what is made here
 *   ROUTER_DATABASE_URL
 */
import { fileURLToPath } from 'node:url';
import { provisionDatabase } from '../libs/migrations/dist/index.js';

const { env } = process;
const names = ['DATABASE_URL', 'ACCOUNTS_DATABASE_URL', 'ROUTER_DATABASE_URL'];
const mistakes = names.flatMap((name) => mistakeOf(name, env[name]));
if (mistakes.length > 0) {
  console.error(`The migrations cannot run:\n${mistakes.map((line) => `  - ${line}`).join('\n')}`);
  process.exit(1);
}

await provisionDatabase({
  adminUrl: env.DATABASE_URL,
  services: [
    serviceSchema('accounts', env.ACCOUNTS_DATABASE_URL),
    serviceSchema('router', env.ROUTER_DATABASE_URL),
  ],
  onWarning: (warning) => console.warn(warning),
});
console.log('The database is up to date.');

function serviceSchema(schema, url) {
  const { username, password } = new URL(url);
  return {
    schema,
    role: decodeURIComponent(username),
    password: decodeURIComponent(password),
    folder: fileURLToPath(new URL(`../prisma/${schema}/migrations`, import.meta.url)),
  };
}

function mistakeOf(name, url) {
  const parsed = URL.parse(url ?? '');
  if (!parsed || !/^postgres(ql)?:$/.test(parsed.protocol))
    return [`${name} must be a Postgres URL`];
  return parsed.username && parsed.password ? [] : [`${name} must name a user and a password`];
}
