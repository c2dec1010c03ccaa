/**
 * The ledger as one would explain it: a few numbers and no database. One owner with one token; every figure in
 * nano-dollars, at a nano-dollar a token.
 */
export type ModelHold = Readonly<{ amount: number; leaseId: number | undefined }>;

export type ModelEnd = Readonly<{ state: 'declined' | 'settled' | 'released'; captured: number }>;

type ModelLease = {
  state: 'open' | 'closed';
  issuedMax: number;
  issued: number;
  /** Of what was issued: what its running requests may still take. */
  running: Map<number, number>;
};

type ModelCheckpoint = Readonly<{ ordinal: number; finished: number; delivered: number }>;

const feeOf = (captured: number) => Math.floor((captured * 500) / 10_000);
const shareOf = (charge: number) => charge - feeOf(charge);

export class LedgerModel {
  posted = 0;
  promo = 0;
  earned = 0;
  /** Of that, what the platform has paid. */
  credited = 0;
  fees = 0;
  spent = 0;
  readonly holds = new Map<number, number>();
  readonly checkpoints = new Map<number, ModelCheckpoint>();
  readonly leases = new Map<number, ModelLease>();
  readonly ends = new Map<number, ModelEnd>();
  budget: number | undefined;

  /** What may still be taken by whatever runs, and what leases could still issue. */
  get held(): number {
    let held = 0;
    for (const amount of this.holds.values()) held += amount;
    for (const lease of this.leases.values()) held += this.heldBy(lease);
    return held;
  }

  private get free(): number {
    return this.posted + this.promo - this.held;
  }

  private get budgetLeft(): number {
    return this.budget === undefined ? Infinity : Math.max(0, this.budget - this.spent - this.held);
  }

  authorise(id: number, amount: number): string {
    const end = this.ends.get(id);
    if (end) return end.state === 'declined' ? 'declined' : 'held';
    if (this.holds.has(id)) return 'held';
    if (this.free < amount || this.budgetLeft < amount) {
      this.ends.set(id, { state: 'declined', captured: 0 });
      return 'declined';
    }
    this.holds.set(id, amount);
    return 'held';
  }

  extend(id: number, amount: number): string {
    const had = this.holds.get(id);
    if (had === undefined) return 'missing';
    if (amount <= had) return 'held';
    if (this.budgetLeft < amount - had) return 'budget_exceeded';
    if (this.free < amount - had) return 'insufficient_balance';
    this.holds.set(id, amount);
    return 'held';
  }

  /** By its hold: what was used, as far as it was held, or nothing. */
  settle(id: number, used: number | undefined): string {
    const end = this.ends.get(id);
    if (end?.state === 'declined') return 'declined';
    // Taken back by the reaper, which raised the epoch.
    if (end && this.expired.has(id)) return 'fenced';
    if (end) return 'replay';
    const amount = this.holds.get(id);
    if (amount === undefined) return 'missing';
    this.holds.delete(id);
    this.checkpoints.delete(id);
    return this.end(id, amount, used);
  }

  checkpoint(id: number, told: ModelCheckpoint): string {
    const running = [...this.leases.values()].some((lease) => lease.running.has(id));
    if (!this.holds.has(id) && !running) return 'missing';
    if (told.delivered === 0 || told.finished > told.delivered) return 'invalid';
    const known = this.checkpoints.get(id);
    if (known && (known.ordinal >= told.ordinal || known.finished > told.finished)) return 'stale';
    this.checkpoints.set(id, told);
    return 'kept';
  }

  readonly expired = new Set<number>();

  expireHolds(): void {
    for (const [id, amount] of this.holds) this.expire(id, amount);
    this.holds.clear();
  }

  openLease(id: number, wanted: number): string {
    if (this.budget !== undefined || Math.floor(this.free / 2) < wanted) return 'declined';
    this.leases.set(id, { state: 'open', issuedMax: wanted, issued: 0, running: new Map() });
    return 'open';
  }

  renewLease(id: number, issuedMax: number): string {
    const lease = this.leases.get(id);
    if (lease?.state !== 'open' || this.budget !== undefined) return 'closed';
    const more = issuedMax - lease.issuedMax;
    if (more > 0 && Math.floor(this.free / 2) >= more) lease.issuedMax = issuedMax;
    return 'open';
  }

  /** What the router does by itself. */
  issue(leaseId: number, id: number, amount: number): boolean {
    const lease = this.leases.get(leaseId);
    if (lease?.state !== 'open' || lease.issued + amount > lease.issuedMax) return false;
    lease.issued += amount;
    lease.running.set(id, amount);
    return true;
  }

  settleLeased(leaseId: number, id: number, used: number | undefined): string {
    if (this.ends.has(id)) return this.expired.has(id) ? 'fenced' : 'replay';
    const running = this.leases.get(leaseId)?.running;
    const amount = running?.get(id);
    if (amount === undefined) return 'fenced';
    running?.delete(id);
    this.checkpoints.delete(id);
    return this.end(id, amount, used);
  }

  closeLease(id: number): void {
    const lease = this.leases.get(id);
    if (lease) lease.state = 'closed';
  }

  expireLeases(): void {
    for (const lease of this.leases.values()) {
      lease.state = 'closed';
      for (const [id, amount] of lease.running) {
        if (this.checkpoints.has(id)) this.expire(id, amount);
      }
      lease.running.clear();
    }
  }

  /** By what is known of it, where anything is. */
  private expire(id: number, amount: number): void {
    const { finished, delivered } = this.checkpoints.get(id) ?? { finished: 0, delivered: 0 };
    this.checkpoints.delete(id);
    this.end(id, amount, finished === 0 ? undefined : finished);
    const credit = shareOf(Math.min(delivered, amount)) - shareOf(Math.min(finished, amount));
    this.earned += credit;
    this.credited += credit;
    this.expired.add(id);
  }

  private heldBy(lease: ModelLease): number {
    let held = lease.state === 'open' ? lease.issuedMax - lease.issued : 0;
    for (const amount of lease.running.values()) held += amount;
    return held;
  }

  private end(id: number, amount: number, used: number | undefined): string {
    const captured = used === undefined ? 0 : Math.min(used, amount);
    const state = used === undefined ? 'released' : 'settled';
    this.ends.set(id, { state, captured });
    const promo = Math.min(this.promo, captured);
    this.promo -= promo;
    this.posted -= captured - promo;
    this.fees += feeOf(captured);
    this.earned += captured - feeOf(captured);
    this.spent += captured;
    return state;
  }
}
