import { createHash } from 'node:crypto';

/** What a record of the ledger is to a hash: texts as Postgres writes them, in a fixed order. */
export type CanonicalRecord = readonly (string | null)[];

/** A day as it is written: `2026-11-25`, UTC. */
export type Day = string;

/** What a day holds, before it is chained. */
export type DayContents = Readonly<{
  firstAuditId: string | null;
  lastAuditId: string | null;
  auditEvents: number;
  transactions: number;
  transfers: number;
  contentHash: string;
}>;

export type AuditBlock = DayContents & Readonly<{ day: Day; previousHash: string; hash: string }>;

/** What stands before the first block. */
export const firstPreviousHash = '0'.repeat(64);

/**
 * One record as a line. JSON of texts and nulls has one spelling for each value and no line break inside, so two
 * different sequences of records never make the same text.
 */
export function canonicalLine(record: CanonicalRecord): string {
  return `${JSON.stringify(record)}\n`;
}

/** Records of one kind, told apart by their first field; the others are counted by it. */
export class DayHash {
  private readonly hash = createHash('sha256');
  private readonly audit = { first: null as string | null, last: null as string | null, count: 0 };
  private transactions = 0;
  private transfers = 0;

  addEvent(id: string, record: CanonicalRecord): void {
    this.audit.first ??= id;
    this.audit.last = id;
    this.audit.count += 1;
    this.hash.update(canonicalLine(['audit', id, ...record]));
  }

  addTransaction(record: CanonicalRecord): void {
    this.transactions += 1;
    this.hash.update(canonicalLine(['transaction', ...record]));
  }

  addTransfer(record: CanonicalRecord): void {
    this.transfers += 1;
    this.hash.update(canonicalLine(['transfer', ...record]));
  }

  /** Ends it: nothing can be added any more. */
  contents(): DayContents {
    return {
      firstAuditId: this.audit.first,
      lastAuditId: this.audit.last,
      auditEvents: this.audit.count,
      transactions: this.transactions,
      transfers: this.transfers,
      contentHash: this.hash.digest('hex'),
    };
  }
}

/** Chains a day to the one before it. */
export function sealedBlock(day: Day, contents: DayContents, previousHash: string): AuditBlock {
  const { firstAuditId, lastAuditId, auditEvents, transactions, transfers, contentHash } = contents;
  const counts = [auditEvents, transactions, transfers].map(String);
  const ids = [firstAuditId, lastAuditId];
  const line = canonicalLine(['block', day, ...ids, ...counts, contentHash, previousHash]);
  const hash = createHash('sha256').update(line).digest('hex');
  return { ...contents, day, previousHash, hash };
}

/** Why a block is not what it should be, after the block before it; undefined where it is. */
export function blockFault(
  block: AuditBlock,
  before: AuditBlock | undefined,
  contents: DayContents,
): string | undefined {
  if (before && block.day !== dayAfter(before.day)) return `follows ${before.day}`;
  if (block.previousHash !== (before?.hash ?? firstPreviousHash)) {
    return 'does not name the hash of the block before it';
  }
  const kept = sealedBlock(block.day, block, block.previousHash);
  if (kept.hash !== block.hash) return 'is not what its own hash says';
  const differing = (['auditEvents', 'transactions', 'transfers'] as const).find(
    (name) => block[name] !== contents[name],
  );
  if (differing) return `has ${differing} ${block[differing]}, there are ${contents[differing]}`;
  return block.contentHash === contents.contentHash
    ? undefined
    : 'holds other records than there are';
}

export function dayAfter(day: Day): Day {
  return dayOf(new Date(Date.parse(`${day}T00:00:00Z`) + dayMs));
}

export function dayOf(at: Date): Day {
  return at.toISOString().slice(0, 10);
}

export function startOf(day: Day): Date {
  return new Date(`${day}T00:00:00Z`);
}

const dayMs = 86_400_000;
