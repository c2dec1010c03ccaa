import type { AuditEvent } from '@aisbf/contracts';
import { PrismaClient } from '@aisbf/database-accounts';
import { Injectable } from '@nestjs/common';
import type { AuditEntry, Deed } from '../domain/audit.js';
import { type AuditQuery, AuditStore } from '../services/audit-log.js';

/** Writes an entry with whatever else the transaction does. */
export async function insertAudit(
  client: Pick<PrismaClient, 'auditEvent'>,
  { detail, ...entry }: AuditEntry,
): Promise<void> {
  await client.auditEvent.create({ data: { ...entry, detail: { ...detail } } });
}

@Injectable()
export class PrismaAuditStore extends AuditStore {
  constructor(private readonly prisma: PrismaClient) {
    super();
  }

  record(entry: AuditEntry): Promise<void> {
    return insertAudit(this.prisma, entry);
  }

  async recordOf(userId: string, deed: Deed, address: string | null): Promise<void> {
    const user = await this.prisma.appUser.findUnique({ where: { id: userId } });
    if (!user) return;
    const actor = { ownerId: user.ownerId, actorUser: userId, actorToken: null, address };
    await this.record({ ...deed, ...actor });
  }

  async events({ ownerId, before, limit }: AuditQuery): Promise<readonly AuditEvent[]> {
    const rows = await this.prisma.auditEvent.findMany({
      where: {
        ...(ownerId !== null && { ownerId }),
        ...(before !== null && { id: { lt: before } }),
      },
      include: { owner: true },
      orderBy: { id: 'desc' },
      take: limit,
    });
    return rows.map((row) => ({
      id: row.id.toString(),
      at: row.at.toISOString(),
      username: row.owner.username,
      actorUserId: row.actorUser,
      actorTokenId: row.actorToken,
      action: row.action,
      subject: row.subject,
      detail: row.detail as AuditEvent['detail'],
      address: row.address,
    }));
  }
}
