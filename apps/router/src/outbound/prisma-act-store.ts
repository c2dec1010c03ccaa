import type { RecordAct } from '@aisbf/contracts';
import type { Prisma } from '@aisbf/database-router';
import { Injectable } from '@nestjs/common';
import type { Act } from '../domain/act.js';
import { ActStore } from '../services/act-relay.js';
import { WritingClient } from './router-database.js';

/** Writes an act with whatever else the transaction does. */
export async function insertAct(
  transaction: Pick<Prisma.TransactionClient, 'act'>,
  { detail, ...act }: Act,
): Promise<void> {
  await transaction.act.create({
    data: { ...act, detail: { ...detail }, waiting: { create: {} } },
  });
}

@Injectable()
export class PrismaActStore extends ActStore {
  constructor(private readonly database: WritingClient) {
    super();
  }

  async waiting(limit: number): Promise<readonly RecordAct[]> {
    const rows = await this.database.actWaiting.findMany({
      include: { act: true },
      orderBy: { act: { place: 'asc' } },
      take: limit,
    });
    return rows.map(({ act: { place: _place, doneAt, detail, ...act } }) => ({
      type: 'record-act',
      ...act,
      doneAtMs: doneAt.getTime(),
      detail: detail as RecordAct['detail'],
    }));
  }

  async markTold(id: string): Promise<void> {
    await this.database.actWaiting.deleteMany({ where: { actId: id } });
  }
}
