import type { RecordAct } from '@aisbf/contracts';
import { PrismaClient } from '@aisbf/database-accounts';
import { Injectable } from '@nestjs/common';
import { TakenActs } from '../services/taken-acts.js';

@Injectable()
export class PrismaTakenActs extends TakenActs {
  constructor(private readonly prisma: PrismaClient) {
    super();
  }

  async take({ type: _type, id, doneAtMs, detail, ...entry }: RecordAct): Promise<void> {
    await this.prisma.$transaction(async (tx) => {
      const fresh = await tx.$executeRaw`
        INSERT INTO audit_taken (act_id) VALUES (${id}::uuid) ON CONFLICT DO NOTHING`;
      if (fresh === 0) return;
      // The event is of the moment at which it came, or days that are sealed already would change.
      const doneAt = new Date(doneAtMs).toISOString();
      await tx.auditEvent.create({ data: { ...entry, detail: { ...detail, doneAt } } });
    });
  }
}
