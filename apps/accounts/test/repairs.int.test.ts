import { randomUUID } from 'node:crypto';
import type { Principal, ProposeRepair } from '@aisbf/contracts';
import { nanos } from '@aisbf/money';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Actor } from '../src/domain/audit.js';
import { PgRepairStore } from '../src/outbound/pg-repair-store.js';
import type { Directory } from '../src/services/directory.js';
import { RepairLimits, Repairs } from '../src/services/repairs.js';
import { authoriseBy, type Owner, openLedger } from './ledger-bench.js';
import { operator } from './payments-bench.js';
import { openReplica, tamper } from './reconciliation-bench.js';

const aloneMax = 1_000n;
let ledger: Awaited<ReturnType<typeof openLedger>>;
let repairs: Repairs;
let owner: Owner;

beforeAll(async () => {
  ledger = await openLedger({ connections: 30 });
  owner = await ledger.richOwner(50_000n);
  repairs = service(60_000);
});
afterEach(async () => {
  expect(await ledger.violations()).toEqual([]);
});
afterAll(() => ledger.close());

function service(ttlMs: number): Repairs {
  const directory = {
    requireOwner: async (username: string) => {
      const { rows } = await ledger.admin.query<{ ownerId: string }>(
        'SELECT id AS "ownerId" FROM owner WHERE username = $1 OR id::text = $1',
        [username],
      );
      return { username, ownerId: rows[0]?.ownerId ?? randomUUID() };
    },
  } as unknown as Directory;
  return new Repairs(
    new PgRepairStore(ledger.pool),
    directory,
    new RepairLimits(nanos(aloneMax), ttlMs),
  );
}

/** Somebody who may do everything, signed in or with an API token. */
async function person(token: string | null = null): Promise<Actor> {
  const { rows } = await ledger.admin.query<{ id: string; owner_id: string }>(
    `INSERT INTO app_user (username, role) VALUES ($1, 'operator') RETURNING id, owner_id`,
    [`op-${randomUUID().slice(0, 8)}`],
  );
  const principal: Principal = {
    ...operator,
    ...{ userId: rows[0]?.id ?? '', ownerId: rows[0]?.owner_id ?? '', apiTokenId: token },
  };
  return { principal, address: '192.0.2.1' };
}

const withToken = ({ principal, address }: Actor, apiTokenId: string): Actor => ({
  ...{ address, principal: { ...principal, apiTokenId } },
});

/** That somebody has made an API token, whoever it speaks for. */
async function madeBy({ principal }: Actor, token: string, action = 'api-token.create') {
  await ledger.admin.query(
    `INSERT INTO audit_event (owner_id, actor_user, actor_token, action, subject) VALUES ($1, $2, $3, $4, $5)`,
    [principal.ownerId, principal.userId, principal.apiTokenId, action, token],
  );
}

function request(amount: bigint, change: Partial<ProposeRepair> = {}): ProposeRepair {
  return {
    repairId: randomUUID(),
    debit: { kind: 'service_credit', username: 'global' },
    credit: { kind: 'buyer_wallet', username: owner.ownerId },
    amount: String(amount),
    reason: 'charged twice',
    violation: 'receipt_charge',
    subject: 'req_1',
    ...change,
  };
}

const posted = async () => (await ledger.reader.wallet(owner.ownerId)).posted;
const trail = async (subject: string) => {
  const { rows } = await ledger.admin.query<{
    action: string;
    owner_id: string;
    actor_user: string;
  }>('SELECT action, owner_id, actor_user FROM audit_event WHERE subject = $1 ORDER BY id', [
    subject,
  ]);
  return rows;
};
const actions = async (subject: string) => (await trail(subject)).map(({ action }) => action);

describe('a small repair', () => {
  it('is applied at once, by a transaction of its own, and written down as its owner’s matter', async () => {
    const [ann, before] = [await person(), await posted()];
    const asked = request(1_000n);
    const repair = await repairs.propose(ann, asked);
    expect(repair).toMatchObject({
      ...{ state: 'applied', needsApproval: false, violation: 'receipt_charge' },
      ...{ proposedBy: ann.principal.userId, decidedBy: ann.principal.userId },
    });
    expect(await posted()).toBe(before + 1_000n);
    const lines = await trail(asked.repairId);
    expect(lines.map(({ action }) => action).sort()).toEqual(['repair.apply', 'repair.propose']);
    expect(new Set(lines.map(({ owner_id }) => owner_id))).toEqual(new Set([owner.ownerId]));
  });

  it('asked for again is the same repair; with another amount it is a conflict', async () => {
    const [ann, before] = [await person(), await posted()];
    const asked = request(10n);
    const made = await Promise.all(Array.from({ length: 8 }, () => repairs.propose(ann, asked)));
    expect(new Set(made.map(({ state }) => state))).toEqual(new Set(['applied']));
    expect(await posted()).toBe(before + 10n);
    expect(await actions(asked.repairId)).toHaveLength(2);
    await expect(repairs.propose(ann, { ...asked, amount: '11' })).rejects.toMatchObject({
      code: 'REPAIR_PARAMETERS_DIFFER',
    });
  });

  it('counts with all others of the same person in a day, also when many come at once', async () => {
    const [ann, before] = [await person(), await posted()];
    const slices = Array.from({ length: 20 }, () => repairs.propose(ann, request(100n)));
    const states = (await Promise.all(slices)).map(({ state }) => state);
    expect(states.filter((state) => state === 'applied')).toHaveLength(10);
    expect(states.filter((state) => state === 'proposed')).toHaveLength(10);
    expect(await posted()).toBe(before + 1_000n);
  });

  it('counts with those of whoever made the token, for as many names as there are tokens', async () => {
    const [ann, bob] = [await person(), await person()];
    const tokens = [randomUUID(), randomUUID()];
    await madeBy(ann, tokens[0] ?? '');
    expect((await repairs.propose(ann, request(900n))).state).toBe('applied');
    expect((await repairs.propose(withToken(bob, tokens[0] ?? ''), request(900n))).state).toBe(
      'proposed',
    );
    expect((await repairs.propose(bob, request(900n))).state).toBe('applied');
  });

  it.each([
    ['more than a wallet has', 'buyer_wallet', 60_000n],
    ['promotional money that is not there', 'buyer_promo', 1n],
  ] as const)('takes not %s', async (_what, kind, amount) => {
    const ann = await person();
    const asked = request(amount, {
      ...{ debit: { kind, username: owner.ownerId } },
      ...{ credit: { kind: 'service_credit', username: 'global' } },
    });
    const isLarge = amount > aloneMax;
    if (isLarge) await repairs.propose(ann, asked);
    const tried = isLarge
      ? repairs.approve(await person(), asked.repairId)
      : repairs.propose(ann, asked);
    await expect(tried).rejects.toMatchObject({ code: 'REPAIR_EXCEEDS_FREE' });
    expect(await actions(asked.repairId)).toEqual(isLarge ? ['repair.propose'] : []);
  });

  it('takes not what a running request holds', async () => {
    const poor = await ledger.richOwner(1_000n);
    await ledger.store.authorise(authoriseBy(poor, owner, { amount: '900' }), false);
    const take = (amount: bigint) =>
      request(amount, {
        ...{ debit: { kind: 'buyer_wallet', username: poor.ownerId } },
        ...{ credit: { kind: 'platform_fee', username: 'global' } },
      });
    const asked = take(101n);
    await expect(repairs.propose(await person(), asked)).rejects.toMatchObject({
      code: 'REPAIR_EXCEEDS_FREE',
    });
    await expect(repairs.get(operator, asked.repairId)).rejects.toMatchObject({
      code: 'REPAIR_MISSING',
    });
    expect((await repairs.propose(await person(), take(100n))).state).toBe('applied');
  });

  it('pays no debt that there is not, and makes none that nobody collects', async () => {
    const debt = { kind: 'buyer_debt', username: owner.ownerId } as const;
    const cash = { kind: 'cash_clearing', username: 'global' } as const;
    await expect(
      repairs.propose(await person(), request(5n, { credit: debt })),
    ).rejects.toMatchObject({ code: 'REPAIR_EXCEEDS_DEBT' });
    await repairs.propose(await person(), request(5n, { debit: debt, credit: cash }));
    await repairs.propose(await person(), request(5n, { credit: debt }));
  });

  it('is of accounts that there are, and of two of them', async () => {
    const global = { kind: 'platform_fee', username: 'global' } as const;
    await expect(
      repairs.propose(await person(), request(5n, { debit: global, credit: global })),
    ).rejects.toMatchObject({ code: 'REPAIR_ACCOUNTS_EQUAL' });
    const none = { kind: 'platform_fee', username: owner.ownerId } as const;
    await expect(
      repairs.propose(await person(), request(5n, { debit: none })),
    ).rejects.toMatchObject({ code: 'REPAIR_ACCOUNT_MISSING' });
  });

  it('is nobody’s but an operator’s, as the database knows', async () => {
    const ann = await person();
    const member = { ...ann, principal: { ...ann.principal, role: 'member' as const } };
    await expect(repairs.propose(member, request(1n))).rejects.toMatchObject({
      code: 'OPERATOR_ONLY',
    });
    await ledger.admin.query('UPDATE app_user SET disabled_at = now() WHERE id = $1', [
      ann.principal.userId,
    ]);
    await expect(repairs.propose(ann, request(1n))).rejects.toMatchObject({
      code: 'OPERATOR_ONLY',
    });
  });
});

describe('a large repair', () => {
  const propose = async (by: Actor, on = repairs) => (await on.propose(by, request(5_000n))).id;

  it('moves nothing before a second person approves it', async () => {
    const [ann, bob, before] = [await person(), await person(), await posted()];
    const id = await propose(ann);
    expect(await repairs.get(operator, id)).toMatchObject({
      state: 'proposed',
      needsApproval: true,
    });
    expect(await posted()).toBe(before);
    expect(await repairs.approve(bob, id)).toMatchObject({
      ...{ state: 'applied', decidedBy: bob.principal.userId },
    });
    expect(await posted()).toBe(before + 5_000n);
    expect(await repairs.approve(bob, id)).toMatchObject({ state: 'applied' });
    expect(await actions(id)).toEqual(['repair.propose', 'repair.apply']);
  });

  it('is applied once, however many approve it at the same moment', async () => {
    const [ann, before] = [await person(), await posted()];
    const id = await propose(ann);
    const others = await Promise.all(Array.from({ length: 20 }, () => person()));
    const tries = await Promise.allSettled(others.map((other) => repairs.approve(other, id)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const codes = tries.flatMap((each) => (each.status === 'rejected' ? each.reason.code : []));
    expect(new Set(codes)).toEqual(new Set(['REPAIR_DECIDED']));
    expect(await posted()).toBe(before + 5_000n);
    expect(await actions(id)).toEqual(['repair.propose', 'repair.apply']);
  });

  it('is applied or refused, never both', async () => {
    for (let n = 0; n < 5; n += 1) {
      const [ann, bob, cid, before] = [
        await person(),
        await person(),
        await person(),
        await posted(),
      ];
      const id = await propose(ann);
      await Promise.allSettled([
        repairs.approve(bob, id),
        repairs.refuse(cid, id, { reason: 'no' }),
      ]);
      const { state } = await repairs.get(operator, id);
      expect(await posted()).toBe(state === 'applied' ? before + 5_000n : before);
      expect(await actions(id)).toHaveLength(2);
    }
  });

  it.each([
    ['the same user', async (ann: Actor) => ann],
    ['the same user with another token', async (ann: Actor) => withToken(ann, randomUUID())],
    [
      'another name with a token that the proposer made',
      async (ann: Actor) => {
        const token = randomUUID();
        await madeBy(ann, token);
        return withToken(await person(), token);
      },
    ],
    [
      'another name with a token that the proposer rotated',
      async (ann: Actor) => {
        const [bob, token] = [await person(), randomUUID()];
        await madeBy(bob, token);
        await madeBy(ann, token, 'api-token.rotate');
        return withToken(bob, token);
      },
    ],
    [
      'another name with a token made by a token that the proposer made',
      async (ann: Actor) => {
        const [bob, first, second] = [await person(), randomUUID(), randomUUID()];
        await madeBy(ann, first);
        await madeBy(withToken(bob, first), second);
        return withToken(bob, second);
      },
    ],
  ])('is not approved by %s', async (_who, second) => {
    const [ann, before] = [await person(), await posted()];
    const id = await propose(ann);
    await expect(repairs.approve(await second(ann), id)).rejects.toMatchObject({
      code: 'REPAIR_BY_SAME_PERSON',
    });
    expect(await posted()).toBe(before);
    expect(await repairs.get(operator, id)).toMatchObject({ state: 'proposed' });
  });

  it('is not approved by whoever has made the token that proposed it, nor past the service', async () => {
    const [ann, bob, token] = [await person(), await person(), randomUUID()];
    await madeBy(bob, token);
    const id = await propose(withToken(ann, token));
    await expect(repairs.approve(bob, id)).rejects.toMatchObject({ code: 'REPAIR_BY_SAME_PERSON' });
    await expect(
      ledger.pool.query(
        `INSERT INTO repair_decision (repair_id, decision, decided_by) VALUES ($1, 'applied', $2)`,
        [id, ann.principal.userId],
      ),
    ).rejects.toThrow(/second person/);
  });

  it('can be taken back by whoever proposed it, with a reason', async () => {
    const ann = await person();
    const id = await propose(ann);
    expect(await repairs.refuse(ann, id, { reason: 'a mistake' })).toMatchObject({
      ...{ state: 'refused', decisionReason: 'a mistake' },
    });
    await expect(repairs.approve(await person(), id)).rejects.toMatchObject({
      code: 'REPAIR_DECIDED',
    });
  });

  it('expires', async () => {
    const [ann, before] = [await person(), await posted()];
    const id = await propose(ann, service(1));
    expect(await repairs.get(operator, id)).toMatchObject({ state: 'expired' });
    await expect(repairs.approve(await person(), id)).rejects.toMatchObject({
      code: 'REPAIR_EXPIRED',
    });
    expect(await posted()).toBe(before);
  });

  it('is missing where nobody has proposed it', async () => {
    await expect(repairs.approve(await person(), randomUUID())).rejects.toMatchObject({
      code: 'REPAIR_MISSING',
    });
  });
});

describe('repairs', () => {
  it('are listed, the newest first, by state', async () => {
    const { id } = await repairs.propose(await person(), request(7_000n));
    const [newest, next] = await repairs.list(operator, { limit: 2 });
    expect(newest?.id).toBe(id);
    expect(await repairs.list(operator, { limit: 1, before: id })).toEqual([next]);
    const refused = await repairs.list(operator, { limit: 200, state: 'refused' });
    expect(new Set(refused.map(({ state }) => state))).toEqual(new Set(['refused']));
  });

  it('take no change', async () => {
    for (const table of ['repair', 'repair_decision']) {
      await expect(ledger.pool.query(`DELETE FROM ${table}`)).rejects.toThrow(/permission denied/);
      await expect(ledger.admin.query(`DELETE FROM ${table}`)).rejects.toThrow(/append-only/);
    }
  });

  it.each([
    [
      'moved another amount',
      "UPDATE transfer SET amount = amount + 1 WHERE code = 'repair'",
      "UPDATE transfer SET amount = amount - 1 WHERE code = 'repair'",
    ],
    [
      'were booked though refused',
      "UPDATE repair_decision SET decision = 'refused', reason = coalesce(reason, 'x')",
      `UPDATE repair_decision d SET decision = 'applied'
       FROM transaction t WHERE t.external_id = 'repair:' || d.repair_id`,
    ],
  ])('that %s are named by the oracle', async (_what, corruption, undo) => {
    await tamper(ledger.admin, corruption);
    const named = (await ledger.violations()).map(({ violation }) => violation);
    await tamper(ledger.admin, undo);
    expect(named).toContain('repair_booked');
  });

  it('leave nothing for the jobs to find', async () => {
    const replica = openReplica(ledger.database);
    const window = { from: new Date(Date.now() - 3_600_000), to: new Date(Date.now() + 1_000) };
    for (const job of ['minute', 'hour', 'day'] as const) {
      expect((await replica.reconciliations.look(job, window)).findings).toEqual([]);
    }
    await replica.close();
  });
});
