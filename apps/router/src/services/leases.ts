import type { CloseLease, Lease, OpenLease, RenewLease } from '@aisbf/contracts';

/** Where money for many requests comes from. */
export abstract class Leases {
  abstract open(request: OpenLease): Promise<Lease>;
  abstract renew(request: RenewLease): Promise<Lease>;
  /** Resolves when it was heard, or fails when that is hopeless: then it is taken back when it expires. */
  abstract close(request: CloseLease): Promise<void>;
}
