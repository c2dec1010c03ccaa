import {
  type ApiToken,
  type ApiTokenChanged,
  type Owner,
  type Role,
  Scope,
  subjects,
  type User,
} from '@aisbf/contracts';
import { PrismaClient } from '@aisbf/database-accounts';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Directory, type NewApiToken, type TokenHolder } from '../services/directory.js';

/** Any number that all replicas agree on: it lets one of them make the first operator. */
const firstOperatorLock = 4_711_001;

type Client = Pick<PrismaClient, 'appUser' | 'apiToken' | 'owner' | '$queryRaw'>;

/** Owners, users and API tokens through Prisma: management, not the request path. */
@Injectable()
export class PrismaDirectory extends Directory implements OnApplicationShutdown {
  constructor(private readonly prisma: PrismaClient) {
    super();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.prisma.$disconnect();
  }

  async createUser(username: string, role: Role): Promise<User | undefined> {
    try {
      return await this.prisma.$transaction((tx) => insertUser(tx, username, role));
    } catch (error) {
      if (isUniqueViolation(error)) return undefined;
      throw error;
    }
  }

  async owner(username: string): Promise<Owner | undefined> {
    const row = await this.prisma.owner.findUnique({ where: { username } });
    return row ? { ownerId: row.id, username: row.username } : undefined;
  }

  async createApiToken(token: NewApiToken): Promise<ApiToken | undefined> {
    return insertApiToken(this.prisma, token);
  }

  async apiTokens(ownerId: string): Promise<readonly ApiToken[]> {
    const rows = await this.prisma.apiToken.findMany({
      where: { ownerId },
      include: { owner: true },
      orderBy: { createdAt: 'desc' },
    });
    return rows.map((row) => fromApiTokenRow(row, row.owner.username));
  }

  revokeApiToken(ownerId: string, apiTokenId: string): Promise<boolean> {
    return this.prisma.$transaction(async (tx) => {
      const { count } = await tx.apiToken.updateMany({
        where: { id: apiTokenId, ownerId, revokedAt: null },
        data: { revokedAt: new Date() },
      });
      if (count === 0) return (await tx.apiToken.count({ where: { id: apiTokenId, ownerId } })) > 0;
      const payload: ApiTokenChanged = { type: 'api-token-changed', apiTokenId };
      await tx.outbox.create({
        data: {
          subject: subjects.apiTokenChanged,
          payload,
        },
      });
      return true;
    });
  }

  async hasOperator(): Promise<boolean> {
    return (await this.prisma.appUser.count({ where: { role: 'operator' } })) > 0;
  }

  createFirstOperator(username: string, token: NewApiToken): Promise<boolean> {
    return this.prisma.$transaction(async (tx) => {
      await tx.$queryRaw`SELECT pg_advisory_xact_lock(${firstOperatorLock}) IS NULL AS locked`;
      if ((await tx.appUser.count({ where: { role: 'operator' } })) > 0) return false;
      await insertUser(tx, username, 'operator');
      await insertApiToken(tx, token);
      return true;
    });
  }
}

/** An operator acts for the installation itself; everybody else is an owner of their own. */
async function insertUser(client: Client, username: string, role: Role): Promise<User> {
  const ownerId =
    role === 'operator' ? await globalOwnerId(client) : await openOwner(client, username);
  const row = await client.appUser.create({ data: { ownerId, username, role } });
  return { id: row.id, ownerId, username, role, createdAt: row.createdAt.toISOString() };
}

async function globalOwnerId(client: Client): Promise<string> {
  return (await client.owner.findUniqueOrThrow({ where: { username: 'global' } })).id;
}

async function openOwner(client: Client, username: string): Promise<string> {
  const rows = await client.$queryRaw<
    { id: string }[]
  >`SELECT open_owner('user', ${username}) AS id`;
  const row = rows[0];
  if (!row) throw new Error('open_owner gave no row');
  return row.id;
}

async function findHolder(client: Client, holder: TokenHolder) {
  const include = { owner: true };
  if ('username' in holder) {
    return client.appUser.findUnique({ where: { username: holder.username }, include });
  }
  const where = { apiTokens: { some: { id: holder.apiTokenId } } };
  return client.appUser.findFirst({ where, include });
}

async function insertApiToken(client: Client, token: NewApiToken): Promise<ApiToken | undefined> {
  const user = await findHolder(client, token.holder);
  if (!user) return undefined;
  const row = await client.apiToken.create({
    data: {
      publicId: token.publicId,
      userId: user.id,
      ownerId: user.ownerId,
      name: token.name,
      secretHash: token.secretHash,
      scopes: [...token.scopes],
      requestsPerMinuteMax: token.limits.requestsPerMinuteMax,
      tokensPerMinuteMax: token.limits.tokensPerMinuteMax,
      concurrencyMax: token.limits.concurrencyMax,
      expiresAt: token.expiresAt,
    },
  });
  return fromApiTokenRow(row, user.owner.username);
}

type ApiTokenRow = Awaited<ReturnType<PrismaClient['apiToken']['findUniqueOrThrow']>>;

function fromApiTokenRow(row: ApiTokenRow, username: string): ApiToken {
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
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt?.toISOString() ?? null,
    revokedAt: row.revokedAt?.toISOString() ?? null,
  };
}

/** Prisma names a unique violation P2002; from our own SQL function it comes as the driver's 23505. */
function isUniqueViolation(error: unknown): boolean {
  const text =
    error instanceof Error ? `${'code' in error ? error.code : ''} ${error.message}` : '';
  return /P2002|23505|unique constraint/i.test(text);
}
