import {
  type ApiToken,
  type ApiTokenChanged,
  type BudgetUse,
  Scope,
  subjects,
} from '@aisbf/contracts';
import { PrismaClient } from '@aisbf/database-accounts';
import { Injectable } from '@nestjs/common';
import type { AuditEntry } from '../domain/audit.js';
import type { Budget } from '../domain/budget.js';
import {
  type ApiTokenChange,
  type ApiTokenSecret,
  ApiTokenStore,
  type AuditOf,
  type NewApiToken,
  type OwnedToken,
  type TokenHolder,
  type TokenOwner,
} from '../services/api-token-store.js';
import { insertAudit } from './prisma-audit-store.js';
import { budgetsOf, lockWallet, putBudgets } from './prisma-budgets.js';
import type { Client, Transaction } from './prisma-transaction.js';
import { insertFirstOperator } from './prisma-user-rows.js';

type Row = NonNullable<Awaited<ReturnType<PrismaClient['apiToken']['findUnique']>>>;

/** API tokens through Prisma, as they are managed. */
@Injectable()
export class PrismaApiTokenStore extends ApiTokenStore {
  constructor(private readonly prisma: PrismaClient) {
    super();
  }

  create(
    token: NewApiToken,
    audit: (created: ApiToken, ownerId: string) => AuditEntry,
  ): Promise<ApiToken | undefined> {
    return this.prisma.$transaction(async (tx) => {
      const created = await insertApiToken(tx, token);
      if (!created) return undefined;
      await insertAudit(tx, audit(created.apiToken, created.ownerId));
      return created.apiToken;
    });
  }

  async list(
    whose: TokenOwner,
    before: Date,
    limit: number,
  ): Promise<readonly ApiToken[] | undefined> {
    const where = 'username' in whose ? whose : { id: whose.ownerId };
    const owner = await this.prisma.owner.findUnique({ where });
    if (!owner) return undefined;
    const rows = await this.prisma.apiToken.findMany({
      where: { ownerId: owner.id, createdAt: { lt: before } },
      orderBy: { createdAt: 'desc' },
      take: limit,
    });
    const ids = rows.map(({ id }) => id);
    const budgets = await budgetsOf(this.prisma, ids);
    return rows.map((row) => fromApiTokenRow(row, owner.username, budgets.get(row.id)));
  }

  async find(which: OwnedToken): Promise<ApiToken | undefined> {
    const row = await this.prisma.apiToken.findFirst({
      where: whereOf(which),
      include: { owner: true },
    });
    return row ? withBudgets(this.prisma, row, row.owner.username) : undefined;
  }

  update(
    which: OwnedToken,
    { name, scopes, expiresAt, limits, rules, budgets }: ApiTokenChange,
    audit: AuditOf,
  ): Promise<ApiToken | undefined> {
    const data = {
      ...(name !== undefined && { name }),
      ...(scopes !== undefined && { scopes: [...scopes] }),
      ...(expiresAt !== undefined && { expiresAt }),
      ...limits,
      ...(rules.routes && { allowedRoutes: [...rules.routes] }),
      ...(rules.models && { allowedModels: [...rules.models] }),
      ...(rules.addresses && { allowedAddresses: [...rules.addresses] }),
    };
    return this.change(which, audit, () => data, budgets);
  }

  rotate(
    which: OwnedToken,
    { publicId, secretHash }: ApiTokenSecret,
    previousValidUntil: Date | null,
    audit: AuditOf,
  ): Promise<ApiToken | undefined> {
    return this.change(which, audit, (row) => ({
      publicId,
      secretHash,
      rotatedAt: new Date(),
      previousPublicId: previousValidUntil && row.publicId,
      previousSecretHash: previousValidUntil && row.secretHash,
      previousValidUntil,
    }));
  }

  revoke(which: OwnedToken, audit: AuditOf): Promise<boolean> {
    return this.prisma.$transaction(async (tx) => {
      const row = await tx.apiToken.findFirst({ where: whereOf(which) });
      if (!row) return false;
      const { count } = await tx.apiToken.updateMany({
        where: { id: row.id, revokedAt: null },
        data: { revokedAt: new Date() },
      });
      if (count === 0) return true;
      await tellOf(tx, row.id);
      await insertAudit(tx, audit(row.ownerId));
      return true;
    });
  }

  async noteUse(usedAt: ReadonlyMap<string, Date>): Promise<void> {
    const [ids, times] = [[...usedAt.keys()], [...usedAt.values()]];
    await this.prisma.$executeRaw`
      UPDATE api_token t SET last_used_at = u.used_at
      FROM unnest(${ids}::uuid[], ${times}::timestamptz[]) AS u (id, used_at)
      WHERE t.id = u.id AND (t.last_used_at IS NULL OR t.last_used_at < u.used_at)`;
  }

  createFirstOperator(username: string, token: NewApiToken): Promise<boolean> {
    return this.prisma.$transaction((tx) =>
      insertFirstOperator(tx, username, () => insertApiToken(tx, token)),
    );
  }

  private change(
    which: OwnedToken,
    audit: AuditOf,
    changeOf: (row: Row) => object,
    budgets?: readonly Budget[],
  ): Promise<ApiToken | undefined> {
    const where = { ...whereOf(which), revokedAt: null };
    return this.prisma.$transaction(async (tx) => {
      const found = await tx.apiToken.findFirst({ where });
      if (!found) return undefined;
      // Wallets before tokens, as everywhere: a lease that is opened names its token under the wallet's lock.
      if (budgets) await lockWallet(tx, found.ownerId);
      // Locked, so that of two rotations at once each sees what the other has left.
      await tx.$queryRaw`SELECT id FROM api_token WHERE id = ${found.id}::uuid FOR UPDATE`;
      const row = await tx.apiToken.findFirst({ where });
      if (!row) return undefined;
      const changed = await tx.apiToken.update({
        where: { id: row.id },
        data: changeOf(row),
        include: { owner: true },
      });
      if (budgets) await putBudgets(tx, row.id, budgets);
      await tellOf(tx, row.id);
      await insertAudit(tx, audit(row.ownerId));
      return withBudgets(tx, changed, changed.owner.username);
    });
  }
}

/** Ends all that a user may call with. */
export async function revokeAll(tx: Transaction, userId: string): Promise<void> {
  await tx.authSession.deleteMany({ where: { userId } });
  const tokens = await tx.apiToken.findMany({
    where: { userId, revokedAt: null },
    select: { id: true },
  });
  await tx.apiToken.updateMany({
    where: { userId, revokedAt: null },
    data: { revokedAt: new Date() },
  });
  for (const { id } of tokens) await tellOf(tx, id);
}

/** For other teams; our own services hear of it by the changes of access. */
async function tellOf(tx: Transaction, apiTokenId: string): Promise<void> {
  const payload: ApiTokenChanged = { type: 'api-token-changed', apiTokenId };
  await tx.outbox.create({ data: { subject: subjects.apiTokenChanged, payload } });
}

async function insertApiToken(client: Client, token: NewApiToken) {
  const user = await findHolder(client, token.holder);
  if (!user || user.disabledAt !== null) return undefined;
  const { limits, rules } = token;
  const row = await client.apiToken.create({
    data: {
      publicId: token.publicId,
      userId: user.id,
      ownerId: user.ownerId,
      name: token.name,
      secretHash: token.secretHash,
      scopes: [...token.scopes],
      ...limits,
      allowedRoutes: rules.routes,
      allowedModels: rules.models,
      allowedAddresses: rules.addresses,
      expiresAt: token.expiresAt,
    },
  });
  if (token.budgets.length > 0) await putBudgets(client, row.id, token.budgets);
  return { apiToken: await withBudgets(client, row, user.owner.username), ownerId: user.ownerId };
}

async function findHolder(client: Client, holder: TokenHolder) {
  const where = 'username' in holder ? { username: holder.username } : { id: holder.userId };
  const user = await client.appUser.findUnique({ where });
  if (!user) return undefined;
  // Waits for whoever disables the user, and then sees it.
  await client.$queryRaw`SELECT id FROM app_user WHERE id = ${user.id}::uuid FOR SHARE`;
  return client.appUser.findUnique({ where, include: { owner: true } });
}

function whereOf({ ownerId, apiTokenId }: OwnedToken) {
  return { id: apiTokenId, ...(ownerId !== null && { ownerId }) };
}

async function withBudgets(client: Client, row: Row, username: string): Promise<ApiToken> {
  const budgets = await budgetsOf(client, [row.id]);
  return fromApiTokenRow(row, username, budgets.get(row.id));
}

function fromApiTokenRow(row: Row, username: string, budgets: readonly BudgetUse[] = []): ApiToken {
  return {
    id: row.id,
    publicId: row.publicId,
    name: row.name,
    username,
    scopes: row.scopes.map((scope) => Scope.parse(scope)),
    limits: {
      requestsPerMinuteMax: row.requestsPerMinuteMax,
      tokensPerMinuteMax: Number(row.tokensPerMinuteMax),
      concurrencyMax: row.concurrencyMax,
    },
    rules: {
      routes: row.allowedRoutes,
      models: row.allowedModels,
      addresses: row.allowedAddresses,
    },
    budgets: [...budgets],
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt?.toISOString() ?? null,
    revokedAt: row.revokedAt?.toISOString() ?? null,
    rotatedAt: row.rotatedAt?.toISOString() ?? null,
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
  };
}
