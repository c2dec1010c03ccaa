import type { Owner, Role, User } from '@aisbf/contracts';
import { PrismaClient } from '@aisbf/database-accounts';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { AuditEntry } from '../domain/audit.js';
import {
  type CreateUserAnswer,
  Directory,
  type NewUser,
  type UserChange,
} from '../services/directory.js';
import { revokeAll } from './prisma-api-token-store.js';
import { insertAudit } from './prisma-audit-store.js';
import { type Transaction, takenField } from './prisma-transaction.js';
import {
  fromUserRow,
  insertUser,
  operatorsLock,
  ownerFor,
  type UserRow,
} from './prisma-user-rows.js';

/** Owners and users through Prisma: management, not the request path. */
@Injectable()
export class PrismaDirectory extends Directory implements OnApplicationShutdown {
  constructor(private readonly prisma: PrismaClient) {
    super();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.prisma.$disconnect();
  }

  async createUser(user: NewUser, audit: (created: User) => AuditEntry): Promise<CreateUserAnswer> {
    try {
      return await this.prisma.$transaction(async (tx) => {
        const held = await tx.heldUsername.count({ where: { username: user.username } });
        if (held > 0) return { taken: 'username' };
        const created = await insertUser(tx, user);
        await insertAudit(tx, audit(created));
        return { user: created };
      });
    } catch (error) {
      const taken = takenField(error);
      if (taken === undefined) throw error;
      return { taken };
    }
  }

  async owner(username: string): Promise<Owner | undefined> {
    const row = await this.prisma.owner.findUnique({ where: { username } });
    return row ? { ownerId: row.id, username: row.username } : undefined;
  }

  async user(username: string): Promise<User | undefined> {
    const row = await this.prisma.appUser.findUnique({ where: { username } });
    return row ? fromUserRow(row) : undefined;
  }

  async users(after: string | undefined, limit: number): Promise<readonly User[]> {
    const rows = await this.prisma.appUser.findMany({
      where: after === undefined ? {} : { username: { gt: after } },
      orderBy: { username: 'asc' },
      take: limit,
    });
    return rows.map(fromUserRow);
  }

  updateUser(
    username: string,
    change: UserChange,
    audit: (before: User) => AuditEntry,
  ): Promise<User | 'last-operator' | undefined> {
    return this.prisma.$transaction(async (tx) => {
      // One after the other, so that two cannot take the last two operators away.
      await tx.$queryRaw`SELECT pg_advisory_xact_lock(${operatorsLock}) IS NULL AS locked`;
      // And nobody begins a session or makes a token for this user meanwhile.
      await tx.$queryRaw`SELECT id FROM app_user WHERE username = ${username} FOR UPDATE`;
      const row = await tx.appUser.findUnique({ where: { username } });
      if (!row) return undefined;
      const wanted = wantedState(row, change);
      const losesOperator = isActiveOperator(row) && !isActiveOperator(wanted);
      if (losesOperator && (await activeOperators(tx)) === 1) return 'last-operator';
      await insertAudit(tx, audit(fromUserRow(row)));
      return fromUserRow(await changeUser(tx, row, wanted));
    });
  }

  async hasOperator(): Promise<boolean> {
    return (await this.prisma.appUser.count({ where: { role: 'operator' } })) > 0;
  }
}

type UserState = Pick<UserRow, 'role' | 'disabledAt'>;

function wantedState(row: UserRow, { role, isDisabled }: UserChange): UserState {
  const disabledAt = isDisabled ? (row.disabledAt ?? new Date()) : null;
  return {
    role: role ?? row.role,
    disabledAt: isDisabled === undefined ? row.disabledAt : disabledAt,
  };
}

/** Another role is another owner's matters: what the user could call with was for the former one's. */
async function changeUser(tx: Transaction, row: UserRow, wanted: UserState): Promise<UserRow> {
  const isOther = wanted.role !== row.role;
  const isEnding = wanted.disabledAt !== null && row.disabledAt === null;
  if (isOther || isEnding) await revokeAll(tx, row.id);
  const owner = isOther && { ownerId: await ownerFor(tx, row.username, wanted.role as Role) };
  const data = { ...wanted, ...owner, updatedAt: new Date() };
  return tx.appUser.update({ where: { id: row.id }, data });
}

function isActiveOperator(row: UserState): boolean {
  return row.role === 'operator' && row.disabledAt === null;
}

function activeOperators(tx: Transaction): Promise<number> {
  return tx.appUser.count({ where: { role: 'operator', disabledAt: null } });
}
