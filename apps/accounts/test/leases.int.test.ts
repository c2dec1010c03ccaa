import type { Authorise } from '@aisbf/contracts';
import { seal } from '@aisbf/secrets';
import { until } from '@aisbf/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  authoriseBy,
  leaseFor,
  type Owner,
  openLedger,
  settleOf,
  shuffled,
  ticketOf,
} from './ledger-bench.js';

let ledger: Awaited<ReturnType<typeof openLedger>>;
let seller: Owner;

beforeAll(async () => {
  ledger = await openLedger({ connections: 32 });
  seller = await ledger.owner();
});
afterEach(async () => {
  expect(await ledger.violations()).toEqual([]);
});
afterAll(() => ledger.close());

const walletOf = ({ ownerId }: Owner) => ledger.reader.wallet(ownerId);
const stateOf = async (leaseId: string) =>
  (await ledger.admin.query('SELECT state, slots FROM lease WHERE id = $1', [leaseId])).rows[0];
const loadOf = async ({ apiTokenId }: Owner) => {
  const { rows } = await ledger.admin.query<{ open: number }>(
    'SELECT open FROM token_load WHERE api_token_id = $1',
    [apiTokenId],
  );
  return rows[0]?.open ?? 0;
};
const closeAt = (leaseId: string, issued: bigint, issuedCount: number) =>
  ledger.leases.close({ type: 'close-lease', leaseId, issued: String(issued), issuedCount });
const renewTo = (leaseId: string, issuedMax: bigint) =>
  ledger.leases.renew({ type: 'renew-lease', leaseId, issuedMax: String(issuedMax) });
const settleFrom = (leaseId: string, request: Authorise, change = {}) =>
  ledger.settlement.settle(settleOf(request, { ticket: ticketOf(request, leaseId), ...change }));
const leasedBy = (buyer: Owner, change: Partial<Authorise> = {}) =>
  authoriseBy(buyer, seller, change);

describe('a lease', () => {
  it('sets aside what was wanted, once for the same id', async () => {
    const buyer = await ledger.richOwner(10_000n);
    const lease = await leaseFor(ledger, buyer, '5000', { slots: 7 });
    expect(lease).toMatchObject({ result: 'open', issuedMax: '5000', slots: 7 });
    const again = await leaseFor(ledger, buyer, '5000', { slots: 7, leaseId: lease.leaseId });
    expect(again).toEqual(lease);
    expect(await walletOf(buyer)).toMatchObject({ posted: 10_000n, held: 5000n });
    expect(await loadOf(buyer)).toBe(7);
  });

  it('is declined where it would take more than its part of what is free', async () => {
    const buyer = await ledger.richOwner(10_000n);
    expect(await leaseFor(ledger, buyer, '5001')).toMatchObject({ result: 'declined' });
    await ledger.store.authorise(leasedBy(buyer, { amount: '2000' }), false);
    expect(await leaseFor(ledger, buyer, '4001')).toMatchObject({ result: 'declined' });
    expect(await leaseFor(ledger, buyer, '4000')).toMatchObject({ result: 'open' });
  });

  it('takes no more than its part of the places that its token has left', async () => {
    const buyer = await ledger.richOwner(10_000n);
    const limits = { slots: 100, concurrencyMax: 10 };
    for (const slots of [5, 2, 1]) {
      expect(await leaseFor(ledger, buyer, '1', limits)).toMatchObject({ result: 'open', slots });
    }
    expect(await loadOf(buyer)).toBe(8);
    expect(await leaseFor(ledger, buyer, '1', limits)).toMatchObject({ result: 'open', slots: 1 });
    expect(await leaseFor(ledger, buyer, '1', limits)).toMatchObject({ result: 'declined' });
    // Whoever asks the ordinary way finds the last place.
    const answers = await Promise.all(
      [1, 2].map(() =>
        ledger.store.authorise(leasedBy(buyer, { amount: '1', concurrencyMax: 10 }), false),
      ),
    );
    expect(answers.filter((answer) => 'holdEpoch' in answer)).toHaveLength(1);
    expect(answers).toContainEqual({ declined: 'concurrency_exceeded' });
  });

  it.each([
    ['is revoked', 'UPDATE api_token SET revoked_at = now() WHERE id = $1'],
    ['expires before it', "UPDATE api_token SET expires_at = now() + interval '1 s' WHERE id = $1"],
  ])('is declined to a token that %s, and not renewed', async (_name, change) => {
    const buyer = await ledger.richOwner(10_000n);
    const lease = await leaseFor(ledger, buyer, '1000');
    await ledger.admin.query(change, [buyer.apiTokenId]);
    expect(await leaseFor(ledger, buyer, '1000')).toMatchObject({ result: 'declined' });
    expect(await renewTo(lease.leaseId, 2000n)).toMatchObject({ result: 'closed' });
    expect(await walletOf(buyer)).toMatchObject({ held: 1000n });
  });

  it('is declined to a token with a budget, and not renewed', async () => {
    const buyer = await ledger.richOwner(10_000n);
    const lease = await leaseFor(ledger, buyer, '1000');
    await ledger.setBudget(buyer, { period: 'day', amount: 5000n });
    expect(await leaseFor(ledger, buyer, '1000')).toMatchObject({ result: 'declined' });
    expect(await renewTo(lease.leaseId, 2000n)).toMatchObject({ result: 'closed' });
    // What it has issued is charged all the same, and counts.
    const request = leasedBy(buyer);
    expect(await settleFrom(lease.leaseId, request)).toMatchObject({ result: 'settled' });
    await closeAt(lease.leaseId, 1000n, 1);
    expect(await ledger.store.authorise(leasedBy(buyer, { amount: '4701' }), false)).toEqual({
      declined: 'budget_exceeded',
    });
  });

  it('is declined for the token of another owner', async () => {
    const [buyer, other] = [await ledger.richOwner(10_000n), await ledger.richOwner(10_000n)];
    const foreign = { ownerId: buyer.ownerId, apiTokenId: other.apiTokenId };
    expect(await leaseFor(ledger, foreign, '10')).toMatchObject({ result: 'declined' });
  });

  it('is renewed to a total, however often it is asked, and only by what is free', async () => {
    const buyer = await ledger.richOwner(10_000n);
    const { leaseId } = await leaseFor(ledger, buyer, '1000');
    for (const _ of [1, 2, 3]) {
      expect(await renewTo(leaseId, 3000n)).toMatchObject({ result: 'open', issuedMax: '3000' });
    }
    expect(await renewTo(leaseId, 2000n)).toMatchObject({ issuedMax: '3000' });
    expect(await renewTo(leaseId, 9000n)).toMatchObject({ result: 'open', issuedMax: '3000' });
    expect(await walletOf(buyer)).toMatchObject({ held: 3000n });
    await settleFrom(leaseId, leasedBy(buyer));
    expect(await renewTo(leaseId, 3000n)).toMatchObject({ settledCount: 1 });
    expect(await renewTo(`lease_${'0'.repeat(32)}`, 1n)).toMatchObject({ result: 'closed' });
  });

  it('frees what it has not issued as soon as it is closed, and the rest as its requests end', async () => {
    const buyer = await ledger.richOwner(10_000n);
    const { leaseId } = await leaseFor(ledger, buyer, '5000', { slots: 8 });
    const [first, second] = [leasedBy(buyer), leasedBy(buyer)];
    await settleFrom(leaseId, first);
    expect(await walletOf(buyer)).toMatchObject({ posted: 9700n, held: 4000n });
    for (const _ of [1, 2]) await closeAt(leaseId, 2000n, 2);
    expect(await walletOf(buyer)).toMatchObject({ posted: 9700n, held: 1000n });
    expect(await stateOf(leaseId)).toEqual({ state: 'closing', slots: 1 });
    await settleFrom(leaseId, second);
    expect(await walletOf(buyer)).toMatchObject({ posted: 9400n, held: 0n });
    expect(await stateOf(leaseId)).toEqual({ state: 'closed', slots: 0 });
    expect(await loadOf(buyer)).toBe(0);
    expect(await leaseFor(ledger, buyer, '1', { leaseId })).toMatchObject({ result: 'closed' });
  });

  it('waits for requests that hold nothing, too', async () => {
    const buyer = await ledger.richOwner(10_000n);
    const { leaseId } = await leaseFor(ledger, buyer, '5000', { slots: 8 });
    const own = authoriseBy(buyer, buyer, { amount: '0' });
    await closeAt(leaseId, 0n, 1);
    expect(await stateOf(leaseId)).toEqual({ state: 'closing', slots: 1 });
    expect(await settleFrom(leaseId, own)).toMatchObject({ result: 'settled', charged: '0' });
    expect(await stateOf(leaseId)).toEqual({ state: 'closed', slots: 0 });
  });

  it.each([
    ['less than was settled', 0n, 1],
    ['to fewer than have ended', 1000n, 0],
    ['more than it was granted', 5001n, 1],
  ])('cannot have issued %s', async (_name, issued, count) => {
    const buyer = await ledger.richOwner(10_000n);
    const { leaseId } = await leaseFor(ledger, buyer, '5000');
    await settleFrom(leaseId, leasedBy(buyer));
    await expect(closeAt(leaseId, issued, count)).rejects.toThrow(/cannot have issued/);
    expect(await stateOf(leaseId)).toMatchObject({ state: 'open' });
  });
});

describe('a settlement from a lease', () => {
  it('charges once, however often and in whatever order it comes', async () => {
    const buyer = await ledger.richOwner(200_000n);
    const { leaseId } = await leaseFor(ledger, buyer, '40000');
    const requests = Array.from({ length: 40 }, () => leasedBy(buyer));
    const reports = requests.flatMap((request) => Array.from({ length: 6 }, () => request));
    const jobs = [
      ...reports.map((request) => () => settleFrom(leaseId, request)),
      // Half of them are issued when the rest is given back.
      async () => void (await closeAt(leaseId, 40_000n, 40)),
    ];
    const results = await Promise.all(shuffled(jobs).map((job) => job()));
    expect(results.filter((each) => each?.result === 'settled')).toHaveLength(40);
    expect(results.filter((each) => each?.result === 'replay')).toHaveLength(200);
    expect(await walletOf(buyer)).toMatchObject({ posted: 200_000n - 12_000n, held: 0n });
    expect(await stateOf(leaseId)).toEqual({ state: 'closed', slots: 0 });
  });

  it('keeps to the terms of its ticket, and never takes more than that holds', async () => {
    const buyer = await ledger.richOwner(10_000n);
    const { leaseId } = await leaseFor(ledger, buyer, '5000');
    const dear = { units: { completion_token: 1_000_000 } };
    expect(await settleFrom(leaseId, leasedBy(buyer), dear)).toMatchObject({ charged: '1000' });
    await expect(settleFrom(leaseId, leasedBy(buyer), { servedPosition: 1 })).rejects.toMatchObject(
      { code: 'SETTLEMENT_INVALID' },
    );
    const free = { outcome: 'seller_failed', servedPosition: null };
    expect(await settleFrom(leaseId, leasedBy(buyer), free)).toMatchObject({ result: 'released' });
    expect(await walletOf(buyer)).toMatchObject({ posted: 9000n, held: 3000n });
  });

  it('shows its receipt like any other', async () => {
    const buyer = await ledger.richOwner(10_000n);
    const { leaseId } = await leaseFor(ledger, buyer, '5000');
    const request = leasedBy(buyer);
    await settleFrom(leaseId, request);
    expect(await ledger.reader.receipt(buyer.ownerId, request.requestId)).toMatchObject({
      state: 'settled',
      captured: 300n,
      amount: 1000n,
      terms: request.terms,
    });
  });

  it('is refused with a ticket that is forged, changed or another request’s', async () => {
    const buyer = await ledger.richOwner(10_000n);
    const { leaseId } = await leaseFor(ledger, buyer, '5000');
    const request = leasedBy(buyer);
    const good = ticketOf(request, leaseId);
    const forged = seal(good.slice(43), 'another secret');
    const tickets = [
      ...['', 'none', forged, good.replace('"amount":"1000"', '"amount":"1001"')],
      ticketOf(leasedBy(buyer), leaseId),
    ];
    for (const ticket of tickets) {
      await expect(ledger.settlement.settle(settleOf(request, { ticket }))).rejects.toMatchObject({
        code: 'TICKET_INVALID',
      });
    }
    expect(await walletOf(buyer)).toMatchObject({ posted: 10_000n, held: 5000n });
  });

  it('is fenced with a ticket for the lease of another owner, and missing for one that never was', async () => {
    const [buyer, other] = [await ledger.richOwner(10_000n), await ledger.richOwner(10_000n)];
    const { leaseId } = await leaseFor(ledger, other, '5000');
    const fenced = { result: 'fenced', charged: '0' };
    expect(await settleFrom(leaseId, leasedBy(buyer))).toMatchObject(fenced);
    await expect(settleFrom(`lease_${'0'.repeat(32)}`, leasedBy(buyer))).rejects.toMatchObject({
      code: 'HOLD_MISSING',
    });
    expect(await walletOf(other)).toMatchObject({ posted: 10_000n, held: 5000n });
  });

  it('is fenced and kept for a person when the lease has been taken back', async () => {
    const buyer = await ledger.richOwner(10_000n);
    const lease = { slots: 9, expiresAtMs: Date.now() - 1 };
    const { leaseId } = await leaseFor(ledger, buyer, '5000', lease);
    const [first, second] = [leasedBy(buyer), leasedBy(buyer)];
    expect(await settleFrom(leaseId, first)).toMatchObject({ result: 'settled' });
    expect(await ledger.leases.reapExpired(100)).toContain(leaseId);
    expect(await ledger.leases.reapExpired(100)).not.toContain(leaseId);
    expect(await walletOf(buyer)).toMatchObject({ posted: 9700n, held: 0n });
    expect(await loadOf(buyer)).toBe(0);
    for (const _ of [1, 2]) {
      expect(await settleFrom(leaseId, second)).toMatchObject({ result: 'fenced', charged: '0' });
    }
    // What ended before is not undone by it.
    expect(await settleFrom(leaseId, first)).toMatchObject({ result: 'replay', charged: '300' });
    const { rows } = await ledger.admin.query(
      'SELECT command FROM fenced_settlement WHERE hold_id = ANY ($1)',
      [[first.requestId, second.requestId]],
    );
    // All that was told of it, for whoever looks.
    expect(rows).toEqual([
      {
        command: expect.objectContaining({
          ...{ id: second.requestId, lease_id: leaseId, outcome: 'completed', cost: 300 },
          units: expect.objectContaining({ completion_token: expect.any(Number) }),
        }),
      },
    ]);
  });
});

describe('a request that was admitted twice', () => {
  it('by a hold and from a lease: is charged once, and neither stays', async () => {
    const buyer = await ledger.richOwner(10_000n);
    const { leaseId } = await leaseFor(ledger, buyer, '5000', { slots: 5 });
    const request = leasedBy(buyer);
    await ledger.store.authorise(request, false);
    expect(await settleFrom(leaseId, request)).toMatchObject({ result: 'settled' });
    expect(await walletOf(buyer)).toMatchObject({ posted: 9700n, held: 4000n });
    expect(await ledger.settlement.settle(settleOf(request))).toMatchObject({ result: 'replay' });
    expect(await ledger.store.authorise(request, false)).toMatchObject({ isReplay: true });
    await closeAt(leaseId, 1000n, 1);
    expect(await loadOf(buyer)).toBe(0);
  });

  it('from two leases, and given more by one: is charged once', async () => {
    const buyer = await ledger.richOwner(100_000n);
    const [one, two] = [
      await leaseFor(ledger, buyer, '5000'),
      await leaseFor(ledger, buyer, '5000'),
    ];
    const request = leasedBy(buyer);
    const more = { requestId: request.requestId, holdEpoch: 1, servedPosition: 0 };
    await ledger.authorisation.extend({
      ...{ type: 'extend', ...more, units: { completion_token: 3000 } },
      ticket: ticketOf(request, one.leaseId),
    });
    expect(await settleFrom(two.leaseId, request)).toMatchObject({ result: 'settled' });
    expect(await settleFrom(one.leaseId, request)).toMatchObject({ result: 'replay' });
    await closeAt(two.leaseId, 1000n, 1);
    expect(await stateOf(two.leaseId)).toMatchObject({ state: 'closed' });
    await ledger.admin.query('UPDATE lease SET expires_at = now() WHERE id = $1', [one.leaseId]);
    await ledger.leases.reapExpired(100);
    expect(await walletOf(buyer)).toMatchObject({ posted: 99_700n, held: 0n });
  });

  it('in a race of both ways: is charged once, whatever the order', async () => {
    const buyer = await ledger.richOwner(1_000_000n);
    const { leaseId } = await leaseFor(ledger, buyer, '60000');
    const requests = Array.from({ length: 60 }, () => leasedBy(buyer));
    const jobs = requests.flatMap((request) => [
      () => ledger.store.authorise(request, false),
      () => settleFrom(leaseId, request),
      () => ledger.settlement.settle(settleOf(request)).catch(() => undefined),
    ]);
    await Promise.all(shuffled(jobs).map((job) => job()));
    expect(await ledger.violations()).toEqual([]);
    const { rows } = await ledger.admin.query(
      "SELECT count(*)::int AS count FROM receipt WHERE owner_id = $1 AND state = 'settled'",
      [buyer.ownerId],
    );
    expect(rows).toEqual([{ count: 60 }]);
  });
});

describe('recall', () => {
  const busy = async () => {
    const buyer = await ledger.richOwner(10_000n);
    const { leaseId } = await leaseFor(ledger, buyer, '5000');
    return { buyer, leaseId };
  };

  it('calls leases back that a request finds in its way, and holds what they give back', async () => {
    const { buyer, leaseId } = await busy();
    ledger.recall.onRecall = () => void closeAt(leaseId, 0n, 0);
    const request = leasedBy(buyer, { amount: '6000' });
    expect(await ledger.authorisation.authorise(request)).toMatchObject({ amount: '6000' });
    expect(ledger.recall.recalled).toContain(buyer.ownerId);
    expect(await walletOf(buyer)).toMatchObject({ held: 6000n });
  });

  it('does so for a place among the requests of a token, too', async () => {
    const buyer = await ledger.richOwner(10_000n);
    const { leaseId } = await leaseFor(ledger, buyer, '10', { slots: 1, concurrencyMax: 2 });
    await ledger.authorisation.authorise(leasedBy(buyer, { amount: '1', concurrencyMax: 2 }));
    ledger.recall.onRecall = () => void closeAt(leaseId, 0n, 0);
    const last = leasedBy(buyer, { amount: '1', concurrencyMax: 2 });
    expect(await ledger.authorisation.authorise(last)).toMatchObject({ holdEpoch: 1 });
  });

  it('declines for good when no router answers in time', async () => {
    const { buyer, leaseId } = await busy();
    ledger.recall.onRecall = () => undefined;
    const request = leasedBy(buyer, { amount: '6000' });
    for (const _ of [1, 2]) {
      await expect(ledger.authorisation.authorise(request)).rejects.toMatchObject({
        code: 'HELD_BY_OTHER_REQUESTS',
        details: { retryAfterMs: expect.any(Number) },
      });
      await closeAt(leaseId, 0n, 0);
    }
    const { rows } = await ledger.admin.query('SELECT decline_code FROM receipt WHERE id = $1', [
      request.requestId,
    ]);
    expect(rows).toEqual([{ decline_code: 'held_by_other_requests' }]);
  });

  it('calls nothing back for a request that no lease stands in the way of', async () => {
    const { buyer } = await busy();
    const before = ledger.recall.recalled.length;
    await expect(
      ledger.authorisation.authorise(leasedBy(buyer, { amount: '10001' })),
    ).rejects.toMatchObject({ code: 'INSUFFICIENT_BALANCE' });
    const plain = await ledger.richOwner(1000n);
    await ledger.authorisation.authorise(leasedBy(plain, { amount: '600' }));
    await expect(
      ledger.authorisation.authorise(leasedBy(plain, { amount: '600' })),
    ).rejects.toMatchObject({ code: 'HELD_BY_OTHER_REQUESTS' });
    expect(ledger.recall.recalled).toHaveLength(before);
  });

  it('serves every request of a race that the wallet has money for', async () => {
    const buyer = await ledger.richOwner(20_000n);
    const open = new Set<string>();
    for (const _ of [1, 2, 3]) open.add((await leaseFor(ledger, buyer, '2000')).leaseId);
    ledger.recall.onRecall = () => {
      for (const leaseId of open) void closeAt(leaseId, 0n, 0);
      open.clear();
    };
    const answers = await Promise.allSettled(
      Array.from({ length: 24 }, () => ledger.authorisation.authorise(leasedBy(buyer))),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
    await until(async () => (await walletOf(buyer)).held === 20_000n);
  });
});

describe('an id', () => {
  it('of a lease is not that of another owner’s', async () => {
    const [buyer, other] = [await ledger.richOwner(10_000n), await ledger.richOwner(10_000n)];
    const lease = await leaseFor(ledger, buyer, '100');
    const stolen = await leaseFor(ledger, other, '100', { leaseId: lease.leaseId });
    expect(stolen).toMatchObject({ result: 'declined' });
    expect(await walletOf(other)).toMatchObject({ held: 0n });
  });
});
