import type { CloseLease, Lease, OpenLease, RenewLease } from '@aisbf/contracts';

/** Allowances: money that one router spends in memory. */
export abstract class LeaseStore {
  abstract open(request: OpenLease): Promise<Lease>;
  abstract renew(request: RenewLease): Promise<Lease>;
  abstract close(request: CloseLease): Promise<void>;
  /** Ends leases past their expiry; gives their ids. */
  abstract reapExpired(limit: number): Promise<readonly string[]>;
}

/** Asks whoever holds leases of an owner to give them back. */
export abstract class LeaseRecall {
  abstract recall(ownerId: string): void;
}
