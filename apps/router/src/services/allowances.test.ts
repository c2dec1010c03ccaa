import { randomUUID } from 'node:crypto';
import type { CloseLease, Lease, OpenLease, RenewLease } from '@aisbf/contracts';
import { nanos } from '@aisbf/money';
import { Clock, createLog, Metrics } from '@aisbf/platform';
import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { TokenBuyer } from '../domain/buyer.js';
import { RouterEvents } from '../events.js';
import { AllowanceSettings, Allowances } from './allowances.js';
import { Leases } from './leases.js';

class HandMovedClock extends Clock {
  atMs = 1_000_000;
  nowMs(): number {
    return this.atMs;
  }
}

/** Accounts, as far as leases go: what was granted and given back, and answers that can be kept or lost. */
class FakeLeases extends Leases {
  readonly granted = new Map<string, bigint>();
  readonly closed = new Map<string, CloseLease>();
  readonly opens: OpenLease[] = [];
  readonly renewals: RenewLease[] = [];
  slots = 100;
  isPoor = false;
  isClosing = false;
  isLosingAnswers = false;
  gate: Promise<void> = Promise.resolve();

  async open(request: OpenLease): Promise<Lease> {
    this.opens.push(request);
    await this.gate;
    if (this.isPoor) return { result: 'declined', issuedMax: '0', slots: 0, settledCount: 0 };
    this.granted.set(request.leaseId, BigInt(request.wanted));
    if (this.isLosingAnswers) throw new Error('the answer was lost');
    return { result: 'open', issuedMax: request.wanted, slots: this.slots, settledCount: 0 };
  }

  async renew(request: RenewLease): Promise<Lease> {
    this.renewals.push(request);
    await this.gate;
    const had = this.granted.get(request.leaseId) ?? 0n;
    const issuedMax = this.isPoor ? had : BigInt(request.issuedMax);
    if (this.isClosing) return { result: 'closed', issuedMax: '0', slots: 0, settledCount: 0 };
    this.granted.set(request.leaseId, issuedMax > had ? issuedMax : had);
    if (this.isLosingAnswers) throw new Error('the answer was lost');
    return { result: 'open', issuedMax: String(issuedMax), slots: 0, settledCount: 0 };
  }

  async close(request: CloseLease): Promise<void> {
    this.closed.set(request.leaseId, request);
  }
}

const buyer: TokenBuyer = {
  userId: randomUUID(),
  apiTokenId: randomUUID(),
  sessionId: null,
  expiresAtMs: null,
  rules: { routes: [], models: [], addresses: [] },
  ownerId: randomUUID(),
  username: 'buyer',
  role: 'member',
  scopes: ['inference'],
  limits: { requestsPerMinuteMax: 1, tokensPerMinuteMax: 1, concurrencyMax: 200 },
};
const settings = { idleMs: 2_000, issueMsMax: 60_000, holdTtlMs: 660_000, restMs: 5_000 };

let clock: HandMovedClock;
let leases: FakeLeases;
let allowances: Allowances;
let count = 0;

function begin(isOn = true): void {
  clock = new HandMovedClock();
  leases = new FakeLeases();
  const events = new RouterEvents(createLog('test', 'silent'), new Metrics('test'));
  const config = new AllowanceSettings({ holder: 'router-1', isOn, ...settings });
  allowances = new Allowances(leases, clock, events, config);
}
beforeEach(() => begin());

/** Lets answers arrive that are on their way. */
const settled = () => new Promise((resolve) => setImmediate(resolve));
const take = (amount = 100n, requestId = `req_${++count}`) =>
  allowances.take({ requestId, buyer, amount: nanos(amount) });
/** Two requests, and the lease that the second has asked for. */
async function opened(): Promise<string> {
  take();
  take();
  await settled();
  return leases.opens.at(-1)?.leaseId ?? '';
}

describe('an allowance', () => {
  it('is asked for with the second request, and pays from then on', async () => {
    expect(take()).toBeUndefined();
    await settled();
    expect(leases.opens).toEqual([]);
    expect(take()).toBeUndefined();
    await settled();
    const [open] = leases.opens;
    expect(open).toMatchObject({
      ...{ holder: 'router-1', ownerId: buyer.ownerId, apiTokenId: buyer.apiTokenId },
      ...{ wanted: '800', slots: 100, concurrencyMax: 200 },
      expiresAtMs: clock.atMs + settings.issueMsMax + settings.holdTtlMs,
    });
    expect(take()).toBe(open?.leaseId);
    expect(leases.opens).toHaveLength(1);
  });

  it('is not asked for where requests are far apart, nor where leases are off', async () => {
    for (let n = 0; n < 5; n += 1) {
      expect(take()).toBeUndefined();
      clock.atMs += settings.idleMs + 1;
    }
    await settled();
    expect(leases.opens).toEqual([]);
    begin(false);
    expect([take(), take(), take()]).toEqual([undefined, undefined, undefined]);
    await settled();
    expect(leases.opens).toEqual([]);
  });

  it('is asked for once at a time, however many requests come meanwhile', async () => {
    const gate = Promise.withResolvers<void>();
    leases.gate = gate.promise;
    for (let n = 0; n < 20; n += 1) expect(take()).toBeUndefined();
    expect(leases.opens).toHaveLength(1);
    gate.resolve();
    await settled();
    expect(take()).toBeDefined();
  });

  it('grows with the rate, ahead of the need', async () => {
    await opened();
    for (let second = 0; second < 3; second += 1) {
      for (let n = 0; n < 100; n += 1) {
        const leaseId = take();
        if (leaseId) allowances.ended(leaseId, `req_${count}`);
        await settled();
        clock.atMs += 10;
      }
    }
    // Two seconds' worth at a hundred a second.
    const last = leases.renewals.at(-1);
    const granted = leases.granted.get(last?.leaseId ?? '') ?? 0n;
    expect(granted - 300n * 100n).toBeGreaterThan(50n * 100n);
    for (let n = 0; n < 50; n += 1) expect(take()).toBeDefined();
  });

  it('gives a request its money once, and nothing to another amount under its id', async () => {
    const leaseId = await opened();
    expect(take(100n, 'same')).toBe(leaseId);
    expect(take(100n, 'same')).toBe(leaseId);
    expect(take(101n, 'same')).toBeUndefined();
    allowances.recall(buyer.ownerId);
    expect(leases.closed.get(leaseId)).toMatchObject({ issued: '100', issuedCount: 1 });
  });

  it('never issues more than was granted, nor to more at once than there are places', async () => {
    leases.slots = 3;
    const leaseId = await opened();
    expect([take(), take(), take(), take()]).toEqual([leaseId, leaseId, leaseId, undefined]);
    allowances.ended(leaseId, `req_${count - 1}`);
    expect(take()).toBe(leaseId);
    expect(take(10_000n)).toBeUndefined();
  });
});

describe('an allowance is given back', () => {
  it('when its token rests', async () => {
    const leaseId = await opened();
    take();
    clock.atMs += settings.idleMs;
    allowances.tend();
    expect(leases.closed.size).toBe(0);
    clock.atMs += 1;
    allowances.tend();
    expect(leases.closed.get(leaseId)).toMatchObject({ issued: '100', issuedCount: 1 });
  });

  it('when it is old, and another takes its place', async () => {
    const leaseId = await opened();
    for (let at = 0; at < settings.issueMsMax; at += 1_000) {
      clock.atMs += 1_000;
      take(1n);
      await settled();
      allowances.tend();
    }
    expect(leases.closed.has(leaseId)).toBe(true);
    take(1n);
    await settled();
    expect(take(1n)).toBeDefined();
    expect(leases.opens).toHaveLength(2);
  });

  it('when its owner needs the money elsewhere, and is not asked for again for a while', async () => {
    const leaseId = await opened();
    allowances.recall(randomUUID());
    expect(leases.closed.size).toBe(0);
    allowances.recall(buyer.ownerId);
    expect(leases.closed.get(leaseId)).toMatchObject({ issued: '0', issuedCount: 0 });
    expect([take(), take()]).toEqual([undefined, undefined]);
    await settled();
    expect(leases.opens).toHaveLength(1);
    clock.atMs += settings.restMs;
    expect([take(), take()]).toEqual([undefined, undefined]);
    await settled();
    expect(take()).toBeDefined();
  });

  it('when its token is revoked or changed, and the next is opened by what holds then', async () => {
    const leaseId = await opened();
    expect(take()).toBe(leaseId);
    allowances.forget(randomUUID());
    expect(leases.closed.size).toBe(0);
    allowances.forget(buyer.apiTokenId);
    expect(leases.closed.get(leaseId)).toMatchObject({ issued: '100', issuedCount: 1 });
    const changed = { ...buyer, limits: { ...buyer.limits, concurrencyMax: 20 } };
    clock.atMs += settings.restMs;
    for (const requestId of ['first', 'second']) {
      expect(allowances.take({ requestId, buyer: changed, amount: nanos(1n) })).toBeUndefined();
    }
    await settled();
    expect(leases.opens.at(-1)).toMatchObject({ slots: 10, concurrencyMax: 20 });
  });

  it('when nobody can say which tokens have changed', async () => {
    const leaseId = await opened();
    allowances.forgetAll();
    expect([...leases.closed.keys()]).toEqual([leaseId]);
    expect(take()).toBeUndefined();
  });

  it('when it arrives after it was called back, or after everything has stopped', async () => {
    for (const end of [
      async () => allowances.recall(buyer.ownerId),
      async () => {
        allowances.forget(buyer.apiTokenId);
        // However long the answer is on its way.
        clock.atMs += settings.restMs;
      },
      async () => void allowances.stop(),
    ]) {
      const gate = Promise.withResolvers<void>();
      leases.gate = gate.promise;
      clock.atMs += settings.restMs + settings.idleMs;
      take();
      take();
      const leaseId = leases.opens.at(-1)?.leaseId ?? '';
      await end();
      gate.resolve();
      await settled();
      expect(leases.closed.get(leaseId)).toMatchObject({ issued: '0', issuedCount: 0 });
    }
  });

  it('when everything stops, which waits for what is still on its way', async () => {
    const gate = Promise.withResolvers<void>();
    leases.gate = gate.promise;
    take();
    take();
    let isStopped = false;
    const stopping = allowances.stop().then(() => {
      isStopped = true;
    });
    await settled();
    expect(isStopped).toBe(false);
    gate.resolve();
    await stopping;
    expect([...leases.closed.keys()]).toEqual([...leases.granted.keys()]);
  });

  it('when accounts will not renew it', async () => {
    const leaseId = await opened();
    leases.isClosing = true;
    while (leases.renewals.length === 0) take();
    await settled();
    expect(leases.closed.has(leaseId)).toBe(true);
    expect(take()).toBeUndefined();
  });

  it('when the answer to its opening was lost: it may have been opened all the same', async () => {
    leases.isLosingAnswers = true;
    const leaseId = await opened();
    expect(leases.closed.get(leaseId)).toMatchObject({ issued: '0', issuedCount: 0 });
    expect(take()).toBeUndefined();
  });
});

describe('an allowance that is not to be had', () => {
  it('is not asked for again for a while', async () => {
    leases.isPoor = true;
    await opened();
    take();
    await settled();
    expect(leases.opens).toHaveLength(1);
    clock.atMs += settings.restMs;
    take();
    take();
    await settled();
    expect(leases.opens).toHaveLength(2);
  });

  it('in full: is spent to its end, without asking with every request', async () => {
    const leaseId = await opened();
    leases.isPoor = true;
    const taken: (string | undefined)[] = [];
    for (let n = 0; n < 12; n += 1) {
      taken.push(take());
      await settled();
    }
    expect(taken.filter((lease) => lease === leaseId)).toHaveLength(8);
    expect(leases.renewals).toHaveLength(1);
  });

  it('for the lost answer of a renewal: is not issued', async () => {
    const leaseId = await opened();
    leases.isLosingAnswers = true;
    const taken: (string | undefined)[] = [];
    for (let n = 0; n < 12; n += 1) {
      taken.push(take());
      await settled();
    }
    expect(taken.filter((lease) => lease === leaseId)).toHaveLength(8);
  });
});

const steps = {
  take: () => take(7n),
  idle: () => {
    clock.atMs += settings.idleMs + 1;
  },
  rest: () => {
    clock.atMs += settings.restMs;
  },
  tend: () => allowances.tend(),
  recall: () => allowances.recall(buyer.ownerId),
  forget: () => allowances.forget(buyer.apiTokenId),
  poor: () => {
    leases.isPoor = true;
  },
  rich: () => {
    leases.isPoor = false;
  },
} as const satisfies Record<string, () => unknown>;

/** Does these steps, and gives what was issued from each lease. */
async function issuedBy(names: readonly (keyof typeof steps)[]) {
  const issued = new Map<string, bigint>();
  for (const name of names) {
    const leaseId = steps[name]();
    if (typeof leaseId === 'string') issued.set(leaseId, (issued.get(leaseId) ?? 0n) + 7n);
    await settled();
  }
  return issued;
}

describe('whatever happens', () => {
  it('issues no more than was granted, and says of every lease what it has issued', async () => {
    const names = Object.keys(steps) as (keyof typeof steps)[];
    const step = fc.oneof(fc.constant('take' as const), fc.constantFrom(...names));
    const run = fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (history) => {
      begin();
      const issued = await issuedBy(history);
      await allowances.stop();
      for (const [leaseId, granted] of leases.granted) {
        const closed = BigInt(leases.closed.get(leaseId)?.issued ?? -1);
        expect(closed).toBe(issued.get(leaseId) ?? 0n);
        expect(closed).toBeLessThanOrEqual(granted);
      }
    });
    await fc.assert(run);
  });
});
