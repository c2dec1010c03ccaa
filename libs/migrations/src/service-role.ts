import { setTimeout as delay } from 'node:timers/promises';
import { type Client, DatabaseError, escapeIdentifier, escapeLiteral } from 'pg';

/** Somebody else has just made the same change to the catalogue: look again. */
const concurrentChange = new Set([
  '42710', // duplicate_object
  '42P04', // duplicate_database
  '23505', // unique_violation, of two simultaneous creations
  'XX000', // "tuple concurrently updated"
]);

/** As many as may start beside each other on one cluster; each round somebody gets through. */
const attemptsMax = 20;

/**
 * Makes a login with this password. Roles belong to the whole cluster, so several databases share them and
 * several processes may make them at once.
 */
export async function ensureLogin(client: Client, role: string, password: string): Promise<void> {
  await whileOthersChange(async () => {
    const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
    const verb = rowCount === 0 ? 'CREATE' : 'ALTER';
    await client.query(
      `${verb} ROLE ${escapeIdentifier(role)} LOGIN PASSWORD ${escapeLiteral(password)}`,
    );
  });
}

/** Lets a login into a database, where it finds its own schema even behind a pooler that drops options. */
export async function admitLogin(
  client: Client,
  role: string,
  database: string,
  schema: string,
): Promise<void> {
  const login = escapeIdentifier(role);
  const place = escapeIdentifier(database);
  await whileOthersChange(async () => {
    await client.query(`GRANT CONNECT ON DATABASE ${place} TO ${login}`);
    await client.query(
      `ALTER ROLE ${login} IN DATABASE ${place} SET search_path TO ${escapeIdentifier(schema)}`,
    );
  });
}

/** Does it again as long as somebody else is changing the same thing. */
export async function whileOthersChange(change: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await change();
    } catch (error) {
      const isPassing = error instanceof DatabaseError && concurrentChange.has(error.code ?? '');
      if (!isPassing || attempt === attemptsMax) throw error;
      await delay(5 + Math.random() * 20);
    }
  }
}
