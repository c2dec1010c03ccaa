import { Client, DatabaseError, escapeIdentifier } from 'pg';
import { applyMigrations } from './apply-migrations.js';
import { admitLogin, ensureLogin, whileOthersChange } from './service-role.js';

/** What one service keeps in the database, and as whom it comes in. */
export type ServiceSchema<Name extends string = string> = Readonly<{
  schema: Name;
  role: string;
  password: string;
  /** Holds `<name>/migration.sql`. */
  folder: string;
}>;

export type ProvisionDatabase<Name extends string> = Readonly<{
  /** The database to use, with a login that may create schemas and, if it can be had, roles. */
  adminUrl: string;
  services: readonly ServiceSchema<Name>[];
  /** Told of what works but is weaker than it should be. */
  onWarning?: (warning: string) => void;
}>;

const invalidCatalogName = '3D000';
const insufficientPrivilege = '42501';

/**
 * Makes database, schemas, tables and logins, whatever of it is missing, and returns for each schema the
 * URL with which its service connects: as itself, in its own schema, with no right to change tables.
 */
export async function provisionDatabase<Name extends string>(
  options: ProvisionDatabase<Name>,
): Promise<Record<Name, string>> {
  const client = await connectOrCreate(options.adminUrl);
  let rolesAreOurs: boolean;
  try {
    rolesAreOurs = await makeLogins(client, options);
  } finally {
    await client.end();
  }
  const urls = await Promise.all(
    options.services.map(async ({ schema, role, password, folder }) => {
      await applyMigrations({
        databaseUrl: options.adminUrl,
        folder,
        schema,
        ...(rolesAreOurs ? { role } : {}),
      });
      const login = rolesAreOurs ? { role, password } : undefined;
      return [schema, serviceUrl(options.adminUrl, schema, login)] as const;
    }),
  );
  return Object.fromEntries(urls) as Record<Name, string>;
}

async function connectOrCreate(adminUrl: string): Promise<Client> {
  const client = new Client({ connectionString: adminUrl });
  try {
    await client.connect();
    return client;
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== invalidCatalogName) throw error;
  }
  const created = new Client({ connectionString: adminUrl });
  await createDatabase(adminUrl, created.database ?? '');
  await created.connect();
  return created;
}

async function createDatabase(adminUrl: string, name: string): Promise<void> {
  const maintenance = new URL(adminUrl);
  maintenance.pathname = '/postgres';
  const client = new Client({ connectionString: maintenance.href });
  await client.connect();
  try {
    await whileOthersChange(async () => {
      const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
      if (rowCount === 0) await client.query(`CREATE DATABASE ${escapeIdentifier(name)}`);
    });
  } finally {
    await client.end();
  }
}

/** Whether each service can have a login of its own. */
async function makeLogins(
  client: Client,
  { services, onWarning }: ProvisionDatabase<string>,
): Promise<boolean> {
  try {
    for (const { role, password, schema } of services) {
      await ensureLogin(client, role, password);
      await admitLogin(client, role, client.database ?? '', schema);
    }
    return true;
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== insufficientPrivilege) throw error;
    onWarning?.(
      `The database user ${client.user ?? ''} may not create roles, so all services share it: nothing in the database keeps one service out of another's tables. Give it CREATEROLE to have them separated.`,
    );
    return false;
  }
}

function serviceUrl(
  adminUrl: string,
  schema: string,
  login: Readonly<{ role: string; password: string }> | undefined,
): string {
  const url = new URL(adminUrl);
  if (login !== undefined) {
    url.username = login.role;
    url.password = login.password;
  }
  const others = url.searchParams.get('options');
  const searchPath = `-csearch_path=${schema}`;
  url.searchParams.set('options', others === null ? searchPath : `${others} ${searchPath}`);
  // URLSearchParams writes a space as "+", which libpq does not read as one.
  url.search = url.search.replaceAll('+', '%20');
  return url.href;
}
