import type { PrismaClient } from '@aisbf/database-accounts';

/** What a store may use, inside a transaction or by itself. */
export type Client = Pick<
  PrismaClient,
  | 'appUser'
  | 'apiToken'
  | 'owner'
  | 'authSession'
  | 'auditEvent'
  | 'heldUsername'
  | 'outbox'
  | '$queryRaw'
  | '$executeRaw'
>;
export type Transaction = Client;

/** Which of a user's fields somebody else has; undefined where that is not what went wrong. */
export function takenField(error: unknown): 'username' | 'email' | undefined {
  if (!isUniqueViolation(error)) return undefined;
  return /email/.test(textOf(error)) ? 'email' : 'username';
}

/** Prisma names a unique violation P2002; from our own SQL function it comes as the driver's 23505. */
function isUniqueViolation(error: unknown): boolean {
  return /P2002|23505|unique constraint/i.test(textOf(error));
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const { code, meta } = error as { code?: unknown; meta?: unknown };
  return `${String(code)} ${error.message} ${JSON.stringify(meta ?? {})}`;
}
