import type { CloseLease, Lease, OpenLease, RenewLease } from '@aisbf/contracts';

/** Allowances: money that one router spends in memory. */
export abstract class LeaseStore {
  abstract open(request: OpenLease): Promise<Lease>;
  abstract renew(request: RenewLease): Promise<Lease>;
  abstract close(request: CloseLease): Promise<void>;
  /** Ends leases past their expiry; gives their ids. */
  abstract reapExpired(limit: number): Promise<readonly string[]>;
}

/** What routers that hold leases are told. */
export abstract class LeaseRecall {
  /** Whoever holds leases of this owner gives them back. */
  abstract recall(ownerId: string): void;
  /** Nobody will serve this request, nor settle it: what was issued to it may be issued again. */
  abstract withdrawn(requestId: string): void;
}
