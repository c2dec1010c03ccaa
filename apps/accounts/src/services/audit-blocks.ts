import { Injectable } from '@nestjs/common';
import {
  type AuditBlock,
  blockFault,
  type Day,
  type DayContents,
  dayAfter,
  dayOf,
  firstPreviousHash,
  sealedBlock,
  startOf,
} from '../domain/audit-block.js';
import { type Finding, findingsMax } from '../domain/reconciliation.js';

/** Where blocks are kept, and what they are made of. */
export abstract class AuditBlockStore {
  /** The day on which there was something to write down for the first time. */
  abstract firstDay(): Promise<Day>;
  abstract now(): Promise<Date>;
  abstract last(): Promise<AuditBlock | undefined>;
  /** Blocks in order, from a day on. */
  abstract from(day: Day | undefined, limit: number): Promise<readonly AuditBlock[]>;
  /** Everything that is of a day, in the order of its ids. */
  abstract contentsOf(day: Day): Promise<DayContents>;
  /** Records from before the first day, which no block holds. */
  abstract countBefore(day: Day): Promise<number>;
  /** Whether all transactions that were running when it was called have ended, as it saw within its patience. */
  abstract haveEnded(): Promise<boolean>;
  /** False where that day's block was there already. */
  abstract add(block: AuditBlock): Promise<boolean>;
}

/** How long after its end a day is sealed: more than clocks are set back by. */
const lagMs = 60_000;
const pageMax = 400;

/** A hash kept elsewhere: what the block of a day must have. */
export type KnownHash = Readonly<{ day: Day; hash: string }>;

/**
 * Seals days that are over. A record is of the day on which its transaction began or wrote it, so a day is whole when
 * it is over and everything that was running at that time has ended: only then it is read. The ids of running
 * transactions would not do (`pg_snapshot_xmin`): a transaction has one from its first write on, and its moment from
 * its beginning.
 */
@Injectable()
export class AuditBlocks {
  constructor(private readonly store: AuditBlockStore) {}

  /** Seals every day that is over and has no block; gives how many. Days that cannot be closed yet wait. */
  async seal(): Promise<number> {
    let last = await this.store.last();
    let day = last ? dayAfter(last.day) : await this.store.firstDay();
    const today = dayOf(new Date((await this.store.now()).getTime() - lagMs));
    if (day >= today || !(await this.store.haveEnded())) return 0;
    let sealed = 0;
    for (; day < today; day = dayAfter(day)) {
      const contents = await this.store.contentsOf(day);
      const block = sealedBlock(day, contents, last?.hash ?? firstPreviousHash);
      // Somebody else was here: that block goes on from theirs, or will be looked at next time.
      if (!(await this.store.add(block))) return sealed;
      last = block;
      sealed += 1;
    }
    return sealed;
  }

  list(from: Day | undefined, limit: number): Promise<readonly AuditBlock[]> {
    return this.store.from(from, limit);
  }

  /** Recomputes the chain. The first finding is the first block that differs; `from` leaves older days alone. */
  async verify(known: readonly KnownHash[] = [], from?: Day): Promise<Verified> {
    const findings: Finding[] = [];
    const hashes = new Map(known.map(({ day, hash }) => [day, hash]));
    let before: AuditBlock | undefined;
    let blocks = 0;
    for await (const block of this.all()) {
      if (before === undefined) await this.checkBefore(block.day, findings);
      const isOld = from !== undefined && block.day < from;
      const contents = isOld ? block : await this.store.contentsOf(block.day);
      const fault = blockFault(block, before, contents) ?? knownFault(block, hashes);
      if (fault !== undefined) findings.push(findingOf(block.day, fault));
      hashes.delete(block.day);
      before = block;
      blocks += 1;
    }
    for (const day of hashes.keys()) findings.push(findingOf(day, 'is gone'));
    return { blocks, findings: findings.slice(0, findingsMax) };
  }

  private async checkBefore(day: Day, findings: Finding[]): Promise<void> {
    const count = await this.store.countBefore(day);
    if (count > 0) findings.push(findingOf(day, `is the first, and ${count} records are older`));
  }

  private async *all(): AsyncGenerator<AuditBlock> {
    let from: Day | undefined;
    for (let count = pageMax; count === pageMax; ) {
      const page: readonly AuditBlock[] = await this.store.from(from, pageMax);
      yield* page;
      count = page.length;
      const end = page.at(-1);
      if (end) from = dayAfter(end.day);
    }
  }
}

export type Verified = Readonly<{ blocks: number; findings: readonly Finding[] }>;

function findingOf(day: Day, fault: string): Finding {
  return { violation: 'audit_block', subject: day, detail: `the block of ${day} ${fault}` };
}

function knownFault({ day, hash }: AuditBlock, hashes: ReadonlyMap<Day, string>) {
  const known = hashes.get(day);
  return known === undefined || known === hash ? undefined : 'has another hash than is known of it';
}

/** The day before the one that a moment is of. */
export function dayBefore(at: Date): Day {
  return dayOf(new Date(startOf(dayOf(at)).getTime() - 1));
}
