import { requireOperator } from '@aisbf/access';
import type { DebtWrittenOff, WriteOffDebt } from '@aisbf/contracts';
import type { Nanos } from '@aisbf/money';
import { Injectable } from '@nestjs/common';
import { type Actor, actedDeed, type Note } from '../domain/audit.js';
import { faults } from '../domain/faults.js';
import { Directory } from './directory.js';
import { inRounds } from './in-rounds.js';

export type WrittenOff = Readonly<{
  result: 'written_off' | 'replay' | 'parameters_differ' | 'nothing_owed';
  amount: Nanos;
}>;

/** What owners owe since payments of theirs were taken back. */
export abstract class DebtStore {
  /** Takes what is free in the wallets of those who owe; gives of how many. */
  abstract collect(limit: number): Promise<number>;
  abstract writeOff(id: string, ownerId: string, reason: string, note: Note): Promise<WrittenOff>;
}

const debtorsMax = 50;

@Injectable()
export class Debts {
  constructor(
    private readonly store: DebtStore,
    private readonly directory: Directory,
  ) {}

  /** Top-ups pay what is owed by themselves; this takes what came in any other way. */
  async collect(): Promise<void> {
    await inRounds(debtorsMax, (limit) => this.store.collect(limit));
  }

  async writeOff(actor: Actor, request: WriteOffDebt): Promise<DebtWrittenOff> {
    requireOperator(actor.principal);
    const { ownerId } = await this.directory.requireOwner(request.username);
    const { writeOffId, reason } = request;
    const { result, amount } = await this.store.writeOff(writeOffId, ownerId, reason, {
      when: ['written_off'],
      deed: actedDeed(actor, { action: 'debt.write-off', subject: writeOffId, detail: { reason } }),
    });
    if (result === 'parameters_differ') throw faults.WRITE_OFF_PARAMETERS_DIFFER();
    if (result === 'nothing_owed') throw faults.NOTHING_OWED();
    return { writeOffId, amount: amount.toString() };
  }
}
