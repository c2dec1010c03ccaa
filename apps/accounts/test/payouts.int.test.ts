import { randomUUID } from 'node:crypto';
import type { TransferFate } from '@aisbf/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PayoutStore } from '../src/services/payout-store.js';
import { dollar, openPayouts } from './payout-bench.js';

let bench: Awaited<ReturnType<typeof openPayouts>>;

beforeAll(async () => {
  bench = await openPayouts();
});
afterEach(async () => {
  bench.stripe.fates = [];
  bench.stripe.isBlind = false;
  bench.events.noted.length = 0;
  // What is left to a seller of one test is not paid out in the next one.
  await bench.admin.query('UPDATE payout_account SET is_ready = false');
  expect(await bench.violations()).toEqual([]);
});
afterAll(() => bench.close());

/** Looks after all that is due, as the sweeps of a few hours would. */
async function sweep(times = 1): Promise<void> {
  for (let round = 0; round < times; round += 1) {
    await bench.hurry();
    for (const { id } of await bench.payoutStore.due(1_000)) await bench.payouts.advance(id);
  }
}

describe('a run', () => {
  it('pays out what is mature in whole cents, less the reserve', async () => {
    const seller = await bench.seller(100n * dollar + 12_345_678n);
    await bench.sell(seller, 50n * dollar, 3);
    await bench.payouts.prepareAll(false);
    await sweep();
    // Nine tenths of 100.012345678, the reserve rounded up, in whole cents.
    const [payout] = await bench.payoutsOf(seller);
    expect(payout).toMatchObject({ state: 'paid', amount: String(90n * dollar + 10_000_000n) });
    expect(bench.stripe.transfersOf(payout?.id ?? '')).toMatchObject([{ amount: 9_001 }]);
    expect(await bench.earned(seller)).toBe(60n * dollar + 2_345_678n);
  });

  it.each([
    ['29 days and a first payout', 29],
    ['30 days and a first payout, the day itself not being over', 30],
  ])('waits with %s', async (_name, days) => {
    const seller = await bench.seller(100n * dollar, days);
    await bench.payouts.prepareAll(false);
    expect(await bench.payoutsOf(seller)).toEqual([]);
  });

  it('waits a week after the first payout', async () => {
    const seller = await bench.seller(100n * dollar, 31);
    await bench.payouts.prepareAll(false);
    await sweep();
    await bench.sell(seller, 100n * dollar, 7);
    await bench.payouts.prepareAll(false);
    expect(await bench.payoutsOf(seller)).toHaveLength(1);
    await bench.sell(seller, 100n * dollar, 8);
    await bench.payouts.prepareAll(false);
    await sweep();
    // 10 were kept back of the first 100; of these and the second 100, 11 are kept back.
    expect(await bench.payoutsOf(seller)).toMatchObject([
      { amount: String(90n * dollar) },
      { state: 'paid', amount: String(99n * dollar) },
    ]);
  });

  it('pays no less than the least amount, and nobody without an account', async () => {
    const poor = await bench.seller(11n * dollar);
    const stranger = await bench.owner();
    await bench.sell(stranger, 100n * dollar, 40);
    const { payouts } = await bench.payouts.prepareAll(true);
    expect(payouts).toEqual([]);
    await bench.payouts.prepareAll(false);
    for (const each of [poor, stranger]) expect(await bench.payoutsOf(each)).toEqual([]);
  });

  it('only says what it would do where it is asked to', async () => {
    const seller = await bench.seller(100n * dollar);
    const run = await bench.payouts.prepareAll(true);
    expect(run).toMatchObject({ isDryRun: true, amount: String(90n * dollar) });
    expect(await bench.payoutsOf(seller)).toEqual([]);
    await bench.payouts.prepareAll(false);
    await sweep();
  });

  it('makes one payout an owner, however many run at once', async () => {
    const seller = await bench.seller(100n * dollar);
    const runs = Array.from({ length: 8 }, () => bench.payouts.prepareAll(false));
    await Promise.all(runs);
    expect(await bench.payoutsOf(seller)).toHaveLength(1);
    const [payout] = await bench.payoutsOf(seller);
    await bench.hurry();
    await Promise.all(Array.from({ length: 8 }, () => bench.payouts.advance(payout?.id ?? '')));
    await sweep();
    expect(await bench.payoutsOf(seller)).toMatchObject([{ state: 'paid', sends: 1 }]);
    expect(bench.stripe.transfersOf(payout?.id ?? '')).toHaveLength(1);
  });
});

describe('a payout on its way', () => {
  it('lets no other begin beside it, whatever is earned meanwhile', async () => {
    const seller = await bench.seller(100n * dollar);
    await bench.payouts.prepareAll(false);
    await bench.sell(seller, 100n * dollar, 40);
    expect((await bench.payouts.prepareAll(true)).payouts).toEqual([]);
    expect(await bench.payoutStore.prepare(randomUUID(), seller.ownerId, [])).toBeUndefined();
    await sweep();
    await bench.payouts.prepareAll(false);
    await sweep();
    expect(await bench.payoutsOf(seller)).toMatchObject([{ state: 'paid' }, { state: 'paid' }]);
  });
});

describe('a provider that fails', () => {
  async function payoutWith(...fates: TransferFate[]) {
    const seller = await bench.seller(100n * dollar);
    await bench.payouts.prepareAll(false);
    bench.stripe.fates = fates;
    await sweep();
    const [payout] = await bench.payoutsOf(seller);
    if (!payout) throw new Error('no payout was prepared');
    return { seller, id: payout.id, payout };
  }

  it.each<[TransferFate]>([['done-hanging'], ['done-500']])(
    'is asked what became of it, not asked again (%s)',
    async (fate) => {
      const { seller, id, payout } = await payoutWith(fate);
      expect(payout.state).toBe('submitted');
      bench.stripe.isBlind = true;
      await sweep(2);
      expect(await bench.payoutsOf(seller)).toMatchObject([{ state: 'submitted', sends: 1 }]);
      bench.stripe.isBlind = false;
      await sweep();
      expect(await bench.payoutsOf(seller)).toMatchObject([{ state: 'paid', sends: 1 }]);
      expect(bench.stripe.transfersOf(id)).toHaveLength(1);
    },
  );

  it('is asked again at once where a connection broke, under the same id', async () => {
    const { id, payout } = await payoutWith('done-unheard');
    expect(payout).toMatchObject({ state: 'paid', sends: 1 });
    expect(bench.stripe.transfersOf(id)).toHaveLength(1);
  });

  it.each<[string, TransferFate[]]>([
    ['lost twice', ['lost', 'lost']],
    ['busy', ['busy']],
  ])(
    'is asked again later under the same id where it has not heard of it (%s)',
    async (_name, fates) => {
      const { seller, id } = await payoutWith(...fates);
      await sweep();
      expect(await bench.payoutsOf(seller)).toMatchObject([{ state: 'paid', sends: 2 }]);
      expect(bench.stripe.transfersOf(id)).toHaveLength(1);
    },
  );

  it('may be slow: what it has not done yet is done once, though it is asked again meanwhile', async () => {
    const { seller, id } = await payoutWith('done-late');
    await sweep(2);
    expect(await bench.payoutsOf(seller)).toMatchObject([{ state: 'submitted', sends: 3 }]);
    bench.stripe.doWhatIsLate();
    await sweep();
    expect(await bench.payoutsOf(seller)).toMatchObject([{ state: 'paid' }]);
    expect(bench.stripe.transfersOf(id)).toHaveLength(1);
  });

  it('gives the money back when it declines', async () => {
    const { seller, id, payout } = await payoutWith('declined');
    expect(payout.state).toBe('failed');
    expect(await bench.earned(seller)).toBe(100n * dollar);
    expect(bench.stripe.transfersOf(id)).toEqual([]);
    await bench.payouts.prepareAll(false);
    await sweep();
    expect(await bench.payoutsOf(seller)).toMatchObject([{ state: 'failed' }, { state: 'paid' }]);
  });

  it('is not asked again when it may have forgotten the id: a person is called', async () => {
    const { seller, id } = await payoutWith('lost', 'lost');
    await bench.admin.query(
      `UPDATE payout SET submitted_at = now() - interval '25 h' WHERE id = $1`,
      [id],
    );
    await sweep(2);
    expect(bench.events.noted).toContain('stuck');
    expect(await bench.payoutsOf(seller)).toMatchObject([{ state: 'submitted', sends: 1 }]);
    await bench.payoutStore.book(id, {
      ...{
        outcome: 'failed',
        reversed: 0n as never,
        providerRef: null,
        reason: 'looked',
        dueMs: null,
      },
    });
    expect(await bench.earned(seller)).toBe(100n * dollar);
  });

  it('sends back what the bank refuses, part by part, and each part once', async () => {
    const { seller, id } = await payoutWith('done');
    bench.stripe.reverse(id, 1_000);
    await sweep(2);
    expect(await bench.payoutsOf(seller)).toMatchObject([
      { state: 'paid', reversed: String(10n * dollar) },
    ]);
    expect(await bench.earned(seller)).toBe(20n * dollar);
    bench.stripe.reverse(id, 9_000);
    await sweep(2);
    expect(await bench.payoutsOf(seller)).toMatchObject([{ state: 'reversed' }]);
    expect(await bench.earned(seller)).toBe(100n * dollar);
  });

  it('cannot undo what is booked: the contradiction is told, and nothing moves', async () => {
    const { id } = await payoutWith('declined');
    const ending = { reversed: 0n as never, providerRef: null, reason: null, dueMs: null };
    expect(await bench.payoutStore.book(id, { outcome: 'paid', ...ending })).toBe('contradicts');
    expect(await bench.payoutStore.book(id, { outcome: 'failed', ...ending })).toBe('replay');
    expect(await bench.payoutStore.book(randomUUID(), { outcome: 'paid', ...ending })).toBe(
      'missing',
    );
  });
});

class Killed extends Error {}

/** The process dies at a step of the store: before it is done, or after, before anybody hears of it. */
function dyingAt(store: PayoutStore, step: string, isDone: boolean): PayoutStore {
  let isAlive = true;
  return new Proxy(store, {
    get(target, name, receiver) {
      const method: unknown = Reflect.get(target, name, receiver);
      if (typeof method !== 'function') return method;
      return async (...args: unknown[]) => {
        if (!isAlive) throw new Killed();
        if (name !== step) return method.apply(target, args);
        isAlive = false;
        if (isDone) await method.apply(target, args);
        throw new Killed();
      };
    },
  });
}

const steps = ['prepare', 'due', 'find', 'claim', 'book', 'postpone'] as const;
const fates = [
  ...(['done', 'declined', 'done-unheard', 'done-hanging', 'done-500', 'lost', 'busy'] as const),
];

/** One life of the service: a run and a sweep, as far as it comes. */
async function live(store: PayoutStore): Promise<void> {
  const service = bench.serviceOn(store);
  try {
    await service.prepareAll(false);
    await bench.hurry();
    for (const { id } of await service.due(100)) await service.advance(id);
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  }
}

describe('a service that is killed', () => {
  it('at any step, with any answer of the provider, sends nothing twice and loses nothing', async () => {
    const death = fc.record({ step: fc.constantFrom(...steps), isDone: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(death, { maxLength: 6 }),
        fc.array(fc.constantFrom(...fates), { maxLength: 4 }),
        async (deaths, scripted) => {
          const seller = await bench.seller(100n * dollar);
          bench.stripe.fates = [...scripted];
          for (const { step, isDone } of deaths) {
            await live(dyingAt(bench.payoutStore, step, isDone));
          }
          bench.stripe.fates = bench.stripe.fates.filter((fate) => fate !== 'declined');
          for (let round = 0; round < 6; round += 1) await live(bench.payoutStore);

          const payouts = await bench.payoutsOf(seller);
          const paid = payouts.filter(({ state }) => state === 'paid');
          expect(paid).toHaveLength(1);
          expect(payouts.filter(({ state }) => state !== 'failed')).toHaveLength(1);
          for (const { id, state } of payouts) {
            expect(bench.stripe.transfersOf(id)).toHaveLength(state === 'paid' ? 1 : 0);
          }
          expect(await bench.earned(seller)).toBe(10n * dollar);
          expect(await bench.violations()).toEqual([]);
        },
      ),
      { numRuns: 25 },
    );
  }, 120_000);
});
