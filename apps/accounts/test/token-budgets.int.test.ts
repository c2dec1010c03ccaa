import { randomUUID } from 'node:crypto';
import {
  AccessRenewed,
  ApiToken,
  type BudgetLimit,
  CreatedApiToken,
  internalPaths,
  UpdatedApiToken,
} from '@aisbf/contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Stage, startStage } from './accounts-stage.js';
import { authoriseBy, type Owner, settleOf } from './ledger-bench.js';

let stage: Stage;
let seller: Owner;

beforeAll(async () => {
  stage = await startStage();
  seller = await member();
});
afterAll(async () => {
  const { rows } = await stage.admin.query('SELECT * FROM ledger_violations');
  expect(rows).toEqual([]);
  await stage.stop();
});

type Limit = Omit<BudgetLimit, 'isRolling'> & { isRolling?: boolean };
type Member = Owner & Readonly<{ username: string; apiToken: string }>;

const asOperator = (method: string, path: string, body?: unknown) =>
  stage.call(method, `/api/account${path}`, stage.operatorToken, body);
const pathOf = (id: string) => `/api/account/api-tokens/${id}`;

async function member(budgets?: readonly Limit[]): Promise<Member> {
  const username = `user-${randomUUID().slice(0, 8)}`;
  const { body: user } = await asOperator('POST', '/users', { username });
  const grantId = randomUUID();
  await asOperator('POST', '/grants', { username, amount: '1000000', grantId, reason: 'test' });
  const request = { name: 't', username, scopes: ['inference', 'manage', 'usage'], budgets };
  const created = CreatedApiToken.parse((await asOperator('POST', '/api-tokens', request)).body);
  const { id, apiToken } = created;
  return { username, apiToken, ownerId: String(user.ownerId), apiTokenId: id };
}

const see = async ({ apiTokenId, apiToken }: Member) =>
  ApiToken.parse((await stage.call('GET', pathOf(apiTokenId), apiToken)).body).budgets;

const patch = ({ apiTokenId, apiToken }: Member, budgets: unknown) =>
  stage.call('PATCH', pathOf(apiTokenId), apiToken, { budgets });

async function put(owner: Member, ...budgets: readonly Limit[]) {
  const answer = UpdatedApiToken.parse((await patch(owner, budgets)).body);
  expect(answer.acknowledgement.isAcknowledged).toBe(true);
  return answer.apiToken.budgets;
}

async function hold(owner: Owner, amount: number) {
  const request = authoriseBy(owner, seller, { amount: String(amount) });
  const { status, body } = await stage.internal(internalPaths.accountsAuthorise, request);
  const settle = (tokens: number) =>
    stage.internal(
      internalPaths.accountsSettle,
      settleOf(request, { units: { completion_token: tokens } }),
    );
  return { status, code: (body.fault as { code?: string } | undefined)?.code, settle };
}

async function spend(owner: Owner, amount: number): Promise<void> {
  const held = await hold(owner, amount);
  expect(held.status).toBe(200);
  expect(await held.settle(amount)).toMatchObject({ body: { charged: String(amount) } });
}

const refused = { status: 402, code: 'BUDGET_EXCEEDED' };

describe('the budgets of an API token', () => {
  it('are set when it is made, and shown with what was spent, what is held and what is left', async () => {
    const buyer = await member([
      { period: 'lifetime', amount: '9000' },
      { period: 'day', amount: '1000' },
    ]);
    await spend(buyer, 400);
    await hold(buyer, 250);
    const rest = { spent: '400', held: '250' };
    const seen = await see(buyer);
    expect(seen).toMatchObject([
      { period: 'day', isRolling: false, amount: '1000', ...rest, remaining: '350' },
      { period: 'lifetime', isRolling: false, amount: '9000', ...rest, remaining: '8350' },
    ]);
    const listed = await stage.call('GET', '/api/account/api-tokens', buyer.apiToken);
    expect(listed.body.apiTokens).toMatchObject([{ id: buyer.apiTokenId, budgets: seen }]);
    expect(await hold(buyer, 351)).toMatchObject(refused);
  });

  it('keep their count when their amount changes, and lose it when they are removed', async () => {
    const buyer = await member([{ period: 'week', amount: '1000' }]);
    await spend(buyer, 600);
    expect(await put(buyer, { period: 'week', amount: '2000' })).toMatchObject([
      { spent: '600', remaining: '1400' },
    ]);
    expect(await put(buyer)).toEqual([]);
    await spend(buyer, 5000);
    expect(await put(buyer, { period: 'week', amount: '10' })).toMatchObject([
      { spent: '0', remaining: '10' },
    ]);
    expect(await hold(buyer, 11)).toMatchObject(refused);
  });

  it('let nothing through from the moment at which they are lower than what was spent', async () => {
    const buyer = await member([{ period: 'month', amount: '5000' }]);
    await spend(buyer, 3000);
    const lower = { period: 'month', amount: '2000' } as const;
    expect(await put(buyer, lower)).toMatchObject([{ spent: '3000', remaining: '0' }]);
    expect(await hold(buyer, 1)).toMatchObject(refused);
    expect(await put(buyer, { ...lower, amount: '3001' })).toMatchObject([{ remaining: '1' }]);
    await spend(buyer, 1);
  });

  it('stay as they are where a change does not name them', async () => {
    const buyer = await member([{ period: 'day', amount: '7' }]);
    await stage.call('PATCH', pathOf(buyer.apiTokenId), buyer.apiToken, { name: 'renamed' });
    expect(await see(buyer)).toMatchObject([{ amount: '7' }]);
  });

  it('are exact to the nano-dollar up to the most that a ledger holds', async () => {
    const most = '9223372036854775807';
    const buyer = await member([{ period: 'day', amount: most }]);
    expect(await see(buyer)).toMatchObject([{ amount: most, remaining: most }]);
  });

  it('are seen and set by an operator, and by no other owner', async () => {
    const [ann, bob] = [await member([{ period: 'day', amount: '5' }]), await member()];
    const own = pathOf(ann.apiTokenId);
    const budgets = [{ period: 'day', amount: '6' }];
    const missing = { status: 404, body: { error: { code: 'api_token_not_found' } } };
    expect(await stage.call('GET', own, bob.apiToken)).toMatchObject(missing);
    expect(await stage.call('PATCH', own, bob.apiToken, { budgets })).toMatchObject(missing);
    const list = `/api/account/api-tokens?username=${ann.username}`;
    expect(await stage.call('GET', list, bob.apiToken)).toMatchObject({
      ...{ status: 403, body: { error: { code: 'operator_only' } } },
    });
    expect(await see(ann)).toMatchObject([{ amount: '5' }]);
    const patched = await stage.call('PATCH', own, stage.operatorToken, { budgets });
    expect(patched).toMatchObject({ status: 200, body: { apiToken: { budgets } } });
    const listed = await stage.call('GET', list, stage.operatorToken);
    expect(listed.body.apiTokens).toMatchObject([{ username: ann.username, budgets }]);
    const nobody = await stage.call('GET', '/api/account/api-tokens?username=nobody', '');
    expect(nobody.status).toBe(401);
    expect(await asOperator('GET', '/api-tokens?username=nobody')).toMatchObject({
      ...{ status: 404, body: { error: { code: 'owner_missing' } } },
    });
    // It is the owner's matter, whoever does it.
    const record = await stage.call('GET', '/api/account/audit?limit=2', ann.apiToken);
    expect(record.body.events).toMatchObject([
      { action: 'api-token.update', detail: { changed: ['budgets'], budgets: ['6 per day'] } },
      { action: 'api-token.create', detail: { budgets: ['5 per day'] } },
    ]);
  });

  it.each([
    ['an amount that is a number', [{ period: 'day', amount: 5 }]],
    ['an amount with a fraction', [{ period: 'day', amount: '0.5' }]],
    ['less than nothing', [{ period: 'day', amount: '-1' }]],
    ['a period that there is not', [{ period: 'year', amount: '5' }]],
    ['a lifetime that rolls', [{ period: 'lifetime', isRolling: true, amount: '5' }]],
    ['two of one kind', [1, 2].map((amount) => ({ period: 'day', amount: String(amount) }))],
    ['what it does not know', [{ period: 'day', amount: '5', currency: 'EUR' }]],
  ])('are not %s', async (_what, budgets) => {
    const buyer = await member([{ period: 'day', amount: '5' }]);
    const invalid = { status: 400, body: { error: { code: 'request_invalid' } } };
    expect(await patch(buyer, budgets)).toMatchObject(invalid);
    const request = { name: 't', username: buyer.username, budgets };
    expect(await asOperator('POST', '/api-tokens', request)).toMatchObject(invalid);
    expect(await see(buyer)).toMatchObject([{ amount: '5' }]);
  });

  it('are not more than a ledger holds', async () => {
    const buyer = await member();
    const budgets = [{ period: 'day', amount: '9223372036854775808' }];
    expect(await patch(buyer, budgets)).toMatchObject({
      ...{ status: 400, body: { error: { code: 'amount_too_large' } } },
    });
    expect(await see(buyer)).toEqual([]);
  });
});

describe('the window of a budget', () => {
  const calendar = ['day', 'week', 'month'] as const;
  /** Midnight UTC at which a calendar window begins that holds this moment, and the next one. */
  function windowOf(period: (typeof calendar)[number], at: Date): readonly [string, string] {
    const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
    const sinceMonday = (at.getUTCDay() + 6) % 7;
    const [from, to] = {
      day: [Date.UTC(year, month, day), Date.UTC(year, month, day + 1)],
      week: [
        Date.UTC(year, month, day - sinceMonday),
        Date.UTC(year, month, day - sinceMonday + 7),
      ],
      month: [Date.UTC(year, month, 1), Date.UTC(year, month + 1, 1)],
    }[period] as [number, number];
    return [new Date(from).toISOString(), new Date(to).toISOString()];
  }

  it.each(calendar)('of a calendar %s says when it began and when it ends', async (period) => {
    const buyer = await member([{ period, amount: '5' }]);
    const before = new Date();
    const [budget] = await see(buyer);
    // The two differ where midnight has just gone by.
    const windows = [windowOf(period, before), windowOf(period, new Date())];
    expect(windows).toContainEqual([budget?.windowStartsAt, budget?.windowEndsAt]);
    expect(Date.parse(budget?.countedFrom ?? '')).toBeLessThanOrEqual(Date.now());
  });

  it('that rolls, and that of a lifetime, have no end', async () => {
    const buyer = await member([
      { period: 'day', isRolling: true, amount: '5' },
      { period: 'lifetime', amount: '5' },
    ]);
    const [rolling, lifetime] = await see(buyer);
    const reach = Date.now() - Date.parse(rolling?.windowStartsAt ?? '');
    expect(reach).toBeGreaterThanOrEqual(24 * 3_600_000);
    expect(reach).toBeLessThan(26 * 3_600_000);
    expect(rolling?.windowEndsAt).toBeNull();
    expect(lifetime).toMatchObject({ windowStartsAt: null, windowEndsAt: null });
  });

  it('is one of UTC, whatever zone the database thinks in', async () => {
    const buyer = await member([{ period: 'month', amount: '5' }]);
    const session = await stage.admin.connect();
    try {
      await session.query("SET TIME ZONE 'Pacific/Auckland'");
      const { rows } = await session.query(
        `SELECT to_char(window_ends_at AT TIME ZONE 'UTC', 'DD HH24:MI') AS ends
         FROM budget_use(ARRAY[$1::uuid])`,
        [buyer.apiTokenId],
      );
      expect(rows).toEqual([{ ends: '01 00:00' }]);
    } finally {
      await session.query('RESET TIME ZONE');
      session.release();
    }
  });
});

describe('a budget that changes while requests run', () => {
  it('is never exceeded, however low it is set and however often', async () => {
    const buyer = await member([{ period: 'day', amount: '100000' }]);
    let isDone = false;
    const callers = Array.from({ length: 8 }, async () => {
      const codes: string[] = [];
      while (!isDone) {
        const { status, code = '', settle } = await hold(buyer, 100);
        if (status === 200) await settle(60);
        else codes.push(code);
      }
      return codes;
    });
    for (const amount of ['3000', '2000', '4000', '100', '5000']) {
      const [set] = await put(buyer, { period: 'day', amount });
      const most = Math.max(Number(amount), Number(set?.spent) + Number(set?.held));
      for (let look = 0; look < 10; look += 1) {
        const [now] = await see(buyer);
        expect(Number(now?.spent) + Number(now?.held)).toBeLessThanOrEqual(most);
      }
    }
    await put(buyer, { period: 'day', amount: '1' });
    const before = await hold(buyer, 2);
    isDone = true;
    const codes = (await Promise.all(callers)).flat();
    expect(before).toMatchObject(refused);
    expect(codes.length).toBeGreaterThan(0);
    expect(new Set(codes)).toEqual(new Set([refused.code]));
  }, 30_000);

  it('is heard of by those who remember the token, as any change of it', async () => {
    const buyer = await member();
    const renew = async (revision: number | null) => {
      const question = { type: 'renew-access', verifierId: 'watch', revision };
      return AccessRenewed.parse(
        (await stage.internal(internalPaths.accountsRenewAccess, question)).body,
      );
    };
    let { revision } = await renew(null);
    const changes: readonly (readonly Limit[])[] = [
      [{ period: 'day', amount: '5' }],
      [{ period: 'day', amount: '4' }],
      [],
    ];
    for (const budgets of changes) {
      await stage.internal(internalPaths.accountsLeaveAccess, {
        ...{ type: 'leave-access', verifierId: 'watch' },
      });
      await put(buyer, ...budgets);
      const news = await renew(revision);
      expect(news.changes).toMatchObject([{ subject: buyer.apiTokenId }]);
      revision = news.revision;
    }
    // Requests change what a budget holds, and nobody needs to hear of that.
    await put(buyer, { period: 'day', amount: '500' });
    const { revision: latest } = await renew(revision);
    await spend(buyer, 100);
    expect(await renew(latest)).toMatchObject({ revision: latest, changes: [] });
  });

  it('waits for no lease that is opened at the same moment, nor that for it', async () => {
    const buyer = await member();
    const openLease = () =>
      stage.internal(internalPaths.accountsOpenLease, {
        ...{ type: 'open-lease', leaseId: `lease_${randomUUID().replaceAll('-', '')}` },
        ...{ holder: 'r', ownerId: buyer.ownerId, apiTokenId: buyer.apiTokenId, wanted: '10' },
        ...{ slots: 1, concurrencyMax: 100_000, expiresAtMs: Date.now() + 60_000 },
      });
    for (let round = 0; round < 10; round += 1) {
      const opened = Array.from({ length: 4 }, openLease);
      const changed = Array.from({ length: 4 }, () => patch(buyer, []));
      const answers = await Promise.all([...opened, ...changed]);
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
      const open = { body: { result: 'open' } };
      expect(await Promise.all(opened)).toMatchObject(opened.map(() => open));
    }
    const { rows } = await stage.admin.query(
      'SELECT deadlocks::integer FROM pg_stat_database WHERE datname = current_database()',
    );
    expect(rows).toEqual([{ deadlocks: 0 }]);
  }, 30_000);
});
