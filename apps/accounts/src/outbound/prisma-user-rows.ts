import type { Role, User } from '@aisbf/contracts';
import type { PrismaClient } from '@aisbf/database-accounts';
import type { NewUser } from '../services/directory.js';
import type { Client, Transaction } from './prisma-transaction.js';

export type UserRow = NonNullable<Awaited<ReturnType<PrismaClient['appUser']['findUnique']>>>;

/** Any number that all replicas agree on: who are operators changes one step at a time. */
export const operatorsLock = 4_711_001;

/** Makes the first operator where there is none, and whatever belongs to it. True where it did. */
export async function insertFirstOperator(
  tx: Transaction,
  username: string,
  furnish: () => Promise<unknown>,
): Promise<boolean> {
  await tx.$queryRaw`SELECT pg_advisory_xact_lock(${operatorsLock}) IS NULL AS locked`;
  if ((await tx.appUser.count({ where: { role: 'operator' } })) > 0) return false;
  await insertUser(tx, { username, role: 'operator', email: null });
  await furnish();
  return true;
}

export async function insertUser(
  tx: Transaction,
  { username, role, email }: NewUser,
): Promise<User> {
  const ownerId = await ownerFor(tx, username, role);
  return fromUserRow(await tx.appUser.create({ data: { ownerId, username, role, email } }));
}

/** An operator acts for the installation itself; everybody else is an owner of their own. */
export async function ownerFor(client: Client, username: string, role: Role): Promise<string> {
  const name = role === 'operator' ? 'global' : username;
  // A member who was an operator for a while finds the wallet again.
  const known = await client.owner.findUnique({ where: { username: name } });
  if (known) {
    const isSomebodys = await client.appUser.count({ where: { ownerId: known.id } });
    if (role === 'operator' || isSomebodys === 0) return known.id;
  }
  const rows = await client.$queryRaw<
    { id: string }[]
  >`SELECT open_owner('user', ${username}) AS id`;
  const row = rows[0];
  if (!row) throw new Error('open_owner gave no row');
  return row.id;
}

export function fromUserRow(row: UserRow): User {
  return {
    id: row.id,
    ownerId: row.ownerId,
    username: row.username,
    role: row.role as Role,
    email: row.email,
    isEmailVerified: row.emailVerified,
    hasTwoFactor: row.twoFactorEnabled,
    createdAt: row.createdAt.toISOString(),
    disabledAt: row.disabledAt?.toISOString() ?? null,
  };
}
