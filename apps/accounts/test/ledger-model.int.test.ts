import { randomBytes, randomUUID } from 'node:crypto';
import type { Authorise } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { nanos } from '@aisbf/money';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  authoriseBy,
  checkpointOf,
  leaseFor,
  type Owner,
  openLedger,
  settleOf,
  ticketOf,
} from './ledger-bench.js';
import { LedgerModel } from './ledger-model.js';

let ledger: Awaited<ReturnType<typeof openLedger>>;

beforeAll(async () => {
  ledger = await openLedger();
});
afterAll(() => ledger.close());

const id = fc.nat(7);
const amount = fc.nat(900);
const used = fc.option(fc.integer({ min: 1, max: 1200 }), { nil: undefined });
const leaseId = fc.nat(2);
const progress = {
  ordinal: fc.integer({ min: 1, max: 9 }),
  finished: fc.nat(700),
  delivered: fc.nat(1100),
};
const command = fc.oneof(
  fc.record({ kind: fc.constant('grant' as const), amount }),
  fc.record({ kind: fc.constant('promote' as const), amount: fc.integer({ min: 1, max: 200 }) }),
  fc.record({ kind: fc.constant('authorise' as const), id, amount }),
  fc.record({ kind: fc.constant('settle' as const), id, used }),
  fc.record({ kind: fc.constant('extend' as const), id, amount: fc.nat(1500) }),
  fc.record({ kind: fc.constant('checkpoint' as const), id, ...progress }),
  fc.record({ kind: fc.constant('checkpointLeased' as const), leaseId, id, ...progress }),
  fc.record({ kind: fc.constant('expireHolds' as const) }),
  fc.record({ kind: fc.constant('openLease' as const), leaseId, amount }),
  fc.record({ kind: fc.constant('renewLease' as const), leaseId, amount }),
  fc.record({ kind: fc.constant('issue' as const), leaseId, id, amount }),
  fc.record({ kind: fc.constant('settleLeased' as const), leaseId, id, used }),
  fc.record({ kind: fc.constant('closeLease' as const), leaseId }),
  fc.record({ kind: fc.constant('expireLeases' as const) }),
  fc.record({ kind: fc.constant('setBudget' as const), amount: fc.nat(3000) }),
  fc.record({ kind: fc.constant('fold' as const) }),
);
type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;
/** The answer of a lost call never arrives: what it asked for is asked again. */
const step = fc.record({ command, deliveries: fc.integer({ min: 1, max: 3 }) });

/** One history, done to the model and to the ledger alike. */
class History {
  readonly model = new LedgerModel();
  private readonly requests = new Map<string, Authorise>();
  private readonly leaseNames = new Map<number, string>();

  private constructor(
    private readonly buyer: Owner,
    readonly seller: Owner,
  ) {}

  static async begin(): Promise<History> {
    return new History(await ledger.owner(), await ledger.owner());
  }

  /** Both answers to one command: they must be the same. */
  async do(given: Command): Promise<readonly [model: unknown, real: unknown]> {
    switch (given.kind) {
      case 'grant':
        return this.grant(given.amount + 1);
      case 'promote':
        this.model.promo += given.amount;
        await ledger.promote(this.buyer, BigInt(given.amount));
        return [0, 0];
      case 'setBudget':
        this.model.budget ??= given.amount;
        this.model.spent = this.budgetIsSet ? this.model.spent : 0;
        this.budgetIsSet = true;
        await this.setBudget();
        return [0, 0];
      case 'fold':
        await ledger.store.fold(3);
        return [0, 0];
      default:
        return 'leaseId' in given || given.kind === 'expireLeases'
          ? this.withLease(given)
          : this.withHold(given);
    }
  }

  private budgetIsSet = false;

  private async setBudget(): Promise<void> {
    const { budget } = this.model;
    if (budget === undefined) return;
    await ledger.setBudget(this.buyer, { period: 'lifetime', amount: BigInt(budget) });
  }

  private async grant(much: number) {
    this.model.posted += much;
    const grant = { grantId: randomUUID(), ownerId: this.buyer.ownerId, reason: 'model' };
    // Asked twice, as by an operator who got no answer.
    await ledger.store.grant({ ...grant, amount: nanos(BigInt(much)) }, []);
    const again = await ledger.store.grant({ ...grant, amount: nanos(BigInt(much)) }, []);
    return ['replay', again] as const;
  }

  private async withHold(given: Exclude<Command, { leaseId: number }>) {
    if (given.kind === 'authorise') {
      const request = this.request(given.id, given.amount);
      const answer = await ledger.store.authorise(request, false);
      const real = 'declined' in answer ? 'declined' : 'held';
      return [this.model.authorise(given.id, Number(request.amount)), real] as const;
    }
    if (given.kind === 'extend') {
      const requestId = this.request(given.id, 0).requestId;
      const much = nanos(BigInt(given.amount));
      const asked = { requestId, holdEpoch: 1, leased: undefined, amount: much };
      const { result } = await ledger.store.extend(asked);
      return [this.model.extend(given.id, given.amount), result] as const;
    }
    if (given.kind === 'checkpoint') {
      const { ordinal, finished, delivered } = given;
      const told = checkpointOf(this.request(given.id, 0), ordinal, [finished, delivered]);
      const [result] = await ledger.checkpoints.keepAll([told]);
      return [this.model.checkpoint(given.id, given), result] as const;
    }
    if (given.kind === 'settle') {
      const real = await this.settle(this.request(given.id, 0), null, given.used);
      return [this.model.settle(given.id, given.used), real] as const;
    }
    this.model.expireHolds();
    await ledger.admin.query('UPDATE hold SET expires_at = now()');
    await ledger.store.reapExpired(100);
    return [0, 0] as const;
  }

  private async withLease(given: Command) {
    if (given.kind === 'openLease') return this.openLease(given.leaseId, given.amount);
    if (given.kind === 'issue') {
      // Requests of leases have ids of their own: a router takes each to one desk.
      const request = this.request(given.id + 100, given.amount);
      const isRunning = [...this.model.leases.values()].some((lease) =>
        lease.running.has(given.id + 100),
      );
      if (!isRunning && !this.model.ends.has(given.id + 100)) {
        this.model.issue(given.leaseId, given.id + 100, Number(request.amount));
      }
      return [0, 0] as const;
    }
    const name = 'leaseId' in given ? this.leaseNames.get(given.leaseId) : undefined;
    if (given.kind === 'expireLeases') {
      this.model.expireLeases();
      await ledger.admin.query("UPDATE lease SET expires_at = now() WHERE state <> 'closed'");
      await ledger.leases.reapExpired(100);
      return [0, 0] as const;
    }
    if (name === undefined) return [0, 0] as const;
    return this.withOpened(given, name);
  }

  private async withOpened(given: Command, leaseId: string) {
    if (given.kind === 'renewLease') {
      const issuedMax = String(given.amount);
      const real = await ledger.leases.renew({ type: 'renew-lease', leaseId, issuedMax });
      return [this.model.renewLease(given.leaseId, given.amount), real.result] as const;
    }
    if (given.kind === 'closeLease') {
      const { issued = 0 } = this.model.leases.get(given.leaseId) ?? {};
      const issuedCount = this.issuedBy(given.leaseId);
      await ledger.leases.close({
        ...{ type: 'close-lease', leaseId, issued: String(issued), issuedCount },
      });
      this.model.closeLease(given.leaseId);
      return [0, 0] as const;
    }
    if (given.kind === 'checkpointLeased') return this.checkpointLeased(given, leaseId);
    if (given.kind !== 'settleLeased') return [0, 0] as const;
    const request = this.requests.get(String(given.id + 100));
    const lease = this.model.leases.get(given.leaseId);
    const isKnown = lease?.running.has(given.id + 100) || this.model.ends.has(given.id + 100);
    // Nobody settles from an open lease what it has not issued: there is no ticket for it.
    if (!request || (!isKnown && lease?.state === 'open')) return [0, 0] as const;
    if (!isKnown && (lease?.running.size ?? 0) > 0) return [0, 0] as const;
    const before = this.model.ends.has(given.id + 100);
    const model = this.model.settleLeased(given.leaseId, given.id + 100, given.used);
    if (!before && model !== 'fenced') this.count(given.leaseId);
    return [model, await this.settle(request, ticketOf(request, leaseId), given.used)] as const;
  }

  private async checkpointLeased(
    given: Extract<Command, { kind: 'checkpointLeased' }>,
    leaseName: string,
  ) {
    const request = this.requests.get(String(given.id + 100));
    // Nobody has a ticket for what its lease has not issued.
    if (!request || !this.model.leases.get(given.leaseId)?.running.has(given.id + 100)) {
      return [0, 0] as const;
    }
    const ticket = ticketOf(request, leaseName);
    const { ordinal, finished, delivered } = given;
    const told = checkpointOf(request, ordinal, [finished, delivered], ticket);
    const [result] = await ledger.checkpoints.keepAll([told]);
    return [this.model.checkpoint(given.id + 100, given), result] as const;
  }

  private readonly settledCounts = new Map<number, number>();

  private count(lease: number): void {
    this.settledCounts.set(lease, (this.settledCounts.get(lease) ?? 0) + 1);
  }

  private issuedBy(lease: number): number {
    return (this.settledCounts.get(lease) ?? 0) + (this.model.leases.get(lease)?.running.size ?? 0);
  }

  private async openLease(place: number, wanted: number) {
    // A place is taken again only when its lease is over, under another name.
    const present = this.model.leases.get(place);
    if (present && (present.state === 'open' || present.running.size > 0)) return [0, 0] as const;
    const leaseName = `lease_${randomBytes(16).toString('hex')}`;
    const expected = this.model.openLease(place, wanted);
    const again = () =>
      leaseFor(ledger, this.buyer, String(wanted), { leaseId: leaseName, slots: 50 });
    const { result } = await again();
    expect((await again()).result).toBe(result);
    if (expected === 'open') {
      this.settledCounts.delete(place);
      this.leaseNames.set(place, leaseName);
    }
    return [expected, result] as const;
  }

  private request(number: number, much: number): Authorise {
    const known = this.requests.get(String(number));
    if (known) return known;
    const made = authoriseBy(this.buyer, this.seller, { amount: String(much) });
    this.requests.set(String(number), made);
    return made;
  }

  private async settle(request: Authorise, ticket: string | null, much: number | undefined) {
    const ended =
      much === undefined
        ? { outcome: 'seller_failed' as const, servedPosition: null }
        : { units: { completion_token: much } };
    try {
      return (await ledger.settlement.settle(settleOf(request, { ...ended, ticket }))).result;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return { HOLD_MISSING: 'missing', HOLD_DECLINED: 'declined' }[error.code] ?? error.code;
    }
  }

  async expectSame(): Promise<void> {
    const { posted, promo, held } = await ledger.reader.wallet(this.buyer.ownerId);
    const { earned } = await ledger.reader.wallet(this.seller.ownerId);
    const { model } = this;
    expect({ posted, promo, held, earned, credited: await this.credited() }).toEqual({
      posted: BigInt(model.posted),
      promo: BigInt(model.promo),
      held: BigInt(model.held),
      earned: BigInt(model.earned),
      credited: BigInt(model.credited),
    });
  }

  private async credited(): Promise<bigint> {
    const { rows } = await ledger.admin.query<{ sum: string }>(
      `SELECT coalesce(sum(f.amount), 0)::bigint AS sum FROM transfer f
       WHERE f.debit_account_id = global_account('service_credit')
         AND f.credit_account_id = account_of('seller_payable', $1)`,
      [this.seller.ownerId],
    );
    return BigInt(rows[0]?.sum ?? 0);
  }

  async expectSameReceipts(): Promise<void> {
    const { rows } = await ledger.admin.query<{ id: string; state: string; captured: number }>(
      'SELECT id, state, captured::int FROM receipt WHERE owner_id = $1',
      [this.buyer.ownerId],
    );
    const real = new Map(rows.map(({ id: name, ...end }) => [name, end]));
    const expected = [...this.model.ends].map(([number, end]) => {
      return [this.requests.get(String(number))?.requestId, end] as const;
    });
    expect(real).toEqual(new Map(expected));
  }
}

describe('any history', () => {
  it('comes to the same in the ledger as in the model, after every step', async () => {
    const run = fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 60 }),
      async (steps) => {
        const history = await History.begin();
        await history.do({ kind: 'grant', amount: 2500 });
        for (const { command: given, deliveries } of steps) {
          const isRepeatable = ['authorise', 'settle', 'extend', 'settleLeased', 'renewLease'];
          const times = isRepeatable.includes(given.kind) ? deliveries : 1;
          for (let delivery = 0; delivery < times; delivery += 1) {
            const [expected, real] = await history.do(given);
            expect(real).toEqual(expected);
          }
          await history.expectSame();
        }
        await history.expectSameReceipts();
        expect(await ledger.violations()).toEqual([]);
      },
    );
    await fc.assert(run, { numRuns: 100 });
  }, 120_000);
});
