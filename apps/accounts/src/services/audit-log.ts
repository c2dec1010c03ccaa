import { requireOperator } from '@aisbf/access';
import type { AuditEvent, ListAudit, ListAuditBlocks, Principal } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import type { AuditEntry, Deed } from '../domain/audit.js';
import type { AuditBlock } from '../domain/audit-block.js';
import { AuditBlocks } from './audit-blocks.js';

/** Which events; null stands for those of every owner. */
export type AuditQuery = Readonly<{ ownerId: string | null; before: bigint | null; limit: number }>;

/** Where the record is kept. Entries of a change of ours are written in its transaction, by whoever makes it. */
export abstract class AuditStore {
  abstract record(entry: AuditEntry): Promise<void>;
  /** What a user has done in their own matters; nothing where there is no such user. */
  abstract recordOf(userId: string, deed: Deed, address: string | null): Promise<void>;
  abstract events(query: AuditQuery): Promise<readonly AuditEvent[]>;
}

/** Who did what: operators see all of it, everybody else their own matters. */
@Injectable()
export class AuditLog {
  constructor(
    private readonly store: AuditStore,
    private readonly sealed: AuditBlocks,
  ) {}

  list(principal: Principal, { limit, before }: ListAudit): Promise<readonly AuditEvent[]> {
    const ownerId = principal.role === 'operator' ? null : principal.ownerId;
    return this.store.events({
      ownerId,
      before: before === undefined ? null : BigInt(before),
      limit,
    });
  }

  /** The hashes of the days that are over. */
  blocks(principal: Principal, { from, limit }: ListAuditBlocks): Promise<readonly AuditBlock[]> {
    requireOperator(principal);
    return this.sealed.list(from, limit);
  }
}
