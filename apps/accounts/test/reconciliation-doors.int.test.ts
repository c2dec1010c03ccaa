import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readConfig } from '@aisbf/platform';
import { redisUrl, until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { startAccounts } from '../src/accounts.js';
import { accountsSettings } from '../src/config.js';
import { runReconcile } from '../src/reconcile.module.js';
import { type Stage, startStage } from './accounts-stage.js';
import { actedDaysAgo, makeOlder, tamper, utcDay } from './reconciliation-bench.js';

let stage: Stage;
let redis: Redis;
let other: Awaited<ReturnType<typeof startAccounts>>;

/** Two replicas that look as often as they can, with one queue between them. */
beforeAll(async () => {
  const quick = {
    ACCOUNTS_REDIS_URL: await redisUrl(),
    ACCOUNTS_RECONCILE_INTERVAL_MS: '200',
    ACCOUNTS_VIOLATIONS_INTERVAL_MS: '100',
  };
  redis = new Redis(quick.ACCOUNTS_REDIS_URL);
  stage = await startStage(quick);
  other = await startAccounts(
    readConfig(accountsSettings, {
      ...quick,
      ...{ AISBF_INTERNAL_SECRET: 'a secret of this test only', AISBF_NATS_URL: stage.nats },
      ...{ ACCOUNTS_HTTP_PORT: '0', ACCOUNTS_GRPC_PORT: '0', ACCOUNTS_LOG_LEVEL: 'silent' },
      ACCOUNTS_DATABASE_URL: stage.database.urls.accounts,
      ACCOUNTS_SECRET_PEPPER: 'a pepper of this test only',
    }),
  );
});
afterAll(async () => {
  const { rows } = await stage.admin.query('SELECT * FROM ledger_violations');
  await other.close();
  await stage.stop();
  await redis.quit();
  expect(rows).toEqual([]);
});

const operator = (method: string, path: string, body?: unknown) =>
  stage.call(method, `/api/account/${path}`, stage.operatorToken, body);

type Run = Readonly<{ job: string; window_start: Date; ended_at: Date | null }>;
const runs = async () =>
  (await stage.admin.query<Run>('SELECT * FROM reconciliation WHERE NOT is_repeat ORDER BY id'))
    .rows;

const ended = async () => (await runs()).filter(({ ended_at }) => ended_at !== null).length;

/** Lets ten minutes go by since the last minute was looked at. */
const tenMinutesLater = () =>
  tamper(
    stage.admin,
    `UPDATE reconciliation SET window_start = window_start - interval '10 min',
       window_end = window_end - interval '10 min' WHERE job = 'minute'`,
  );

/** A figure, as each replica tells it. */
async function told(name: string): Promise<number[]> {
  const urls = [stage.url, await other.app.getUrl()];
  const texts = await Promise.all(urls.map(async (url) => (await fetch(`${url}/metrics`)).text()));
  return texts.map((text) => {
    const lines = text.split('\n').filter((line) => line.startsWith(`aisbf_accounts_${name}`));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  });
}

async function command(...args: string[]) {
  const printed: string[] = [];
  const environment = { ACCOUNTS_DATABASE_URL: stage.database.urls.accounts };
  const code = await runReconcile(environment, args, (text) => printed.push(text));
  return { code, text: printed.join('\n') };
}

async function member(username: string, role = 'member') {
  const user = await operator('POST', 'users', { username, role });
  return { username, ownerId: String(user.body.ownerId) };
}

const grant = (username: string, amount: string) =>
  operator('POST', 'grants', { username, amount, grantId: randomUUID(), reason: 'a test' });

describe('two replicas', () => {
  it('do each job once a window between them', async () => {
    const jobs = ['minute', 'hour', 'day'];
    await until(async () => (await ended()) === jobs.length);
    expect((await runs()).map(({ job }) => job).sort()).toEqual(jobs.sort());
    const count = (await runs()).length;
    for (const n of [1, 2, 3]) {
      await tenMinutesLater();
      await until(async () => (await ended()) >= count + n);
      expect((await runs()).length).toBe(count + n);
    }
  });

  it('find out by themselves what is due where Redis has lost everything', async () => {
    await redis.flushdb();
    const count = (await runs()).length;
    await tenMinutesLater();
    // The clock is set again within seconds.
    await until(async () => (await runs()).length > count, { timeoutMs: 20_000 });
  }, 30_000);

  it('tell the same of the last run of each job', async () => {
    await until(async () =>
      (await told('reconciliation_last_success_seconds{')).every((sum) => sum > 3 * 1_700_000_000),
    );
    expect(await told('reconciliation_violations{')).toEqual([0, 0]);
    expect(await told('ledger_violations')).toEqual([0, 0]);
  });

  it('have every metric of which the alerts speak', async () => {
    const rules = await readFile(
      join(import.meta.dirname, '../../../deploy/alerts/accounts.rules.yml'),
      'utf8',
    );
    const names = new Set(rules.match(/aisbf_accounts_[a-z_]+/g));
    const metrics = await (await fetch(`${stage.url}/metrics`)).text();
    const known = new Set(metrics.match(/(?<=# TYPE )aisbf_accounts_[a-z_]+/g));
    expect([...names].filter((name) => !known.has(name))).toEqual([]);
    expect(names.size).toBe(3);
  });
});

describe('a fault that somebody plants', () => {
  it('in a transfer is named by the command and by the metrics of both', async () => {
    const rex = await member('rex');
    await grant('rex', '5000');
    const change = (by: string) =>
      tamper(
        stage.admin,
        `UPDATE transfer SET amount = amount ${by} WHERE credit_account_id = account_of('buyer_wallet', '${rex.ownerId}')`,
      );
    await until(async () => (await stage.admin.query('SELECT FROM fold_queue')).rowCount === 0);
    await change('- 1');
    const looked = await command('--day', utcDay(0));
    expect(looked.code).toBe(1);
    expect(looked.text).toMatch(
      new RegExp(`wallet_posted +${rex.ownerId} +posted 5000, transfers 4999`),
    );
    // One run at a time is recorded; while a replica's own is under way the command says so.
    await until(async () => (await command('--record', '--json')).code === 1, {
      timeoutMs: 30_000,
    });
    await until(async () =>
      (await told('reconciliation_violations{window="day"')).every((n) => n > 0),
    );
    await until(async () => (await told('ledger_violations')).every((n) => n > 0));
    await change('+ 1');
    await until(async () => (await command('--record')).code === 0, { timeoutMs: 30_000 });
    await until(async () => (await told('ledger_violations')).every((n) => n === 0));
  });

  it('in the record or its blocks is named, and where it is', async () => {
    await actedDaysAgo(stage.admin, 2, 'act');
    await makeOlder(stage.admin, 3);
    await until(async () => {
      const { body } = await operator('GET', 'audit-blocks');
      return (body.blocks as unknown[]).length === 3;
    });
    expect(await command('--verify-audit')).toMatchObject({ code: 0 });
    const { body } = await operator('GET', `audit-blocks?from=${utcDay(1)}`);
    const [newest] = body.blocks as { day: string; hash: string }[];
    expect(
      (await command('--verify-audit', '--known', `${newest?.day}=${newest?.hash}`)).code,
    ).toBe(0);
    expect(
      (await command('--verify-audit', '--known', `${newest?.day}=${'0'.repeat(64)}`)).code,
    ).toBe(1);

    await tamper(stage.admin, "DELETE FROM audit_event WHERE subject = 'act'");
    const deleted = await command('--verify-audit', '--json');
    expect(deleted.code).toBe(1);
    expect(JSON.parse(deleted.text).violations[0]).toMatchObject({
      ...{ violation: 'audit_block', subject: utcDay(2) },
    });
    await command('--record');
    await until(async () =>
      (await told('reconciliation_violations{window="day",kind="audit_block"')).every(
        (n) => n === 1,
      ),
    );
    await tamper(stage.admin, `UPDATE audit_block SET transfers = 7 WHERE day = '${utcDay(3)}'`);
    expect(
      JSON.parse((await command('--verify-audit', '--json')).text).violations[0],
    ).toMatchObject({
      subject: utcDay(3),
    });
  });
});

describe('the command', () => {
  it.each([
    ['an unknown flag', ['--days', '2026-11-25']],
    ['a day that is none', ['--day', '2026-02-30']],
    ['a hash that is none', ['--verify-audit', '--known', '2026-11-25=x']],
    ['a known hash without verifying', ['--known', `2026-11-25=${'0'.repeat(64)}`]],
    ['recording a day of choice', ['--record', '--day', '2026-11-25']],
    ['verifying a day', ['--verify-audit', '--day', '2026-11-25']],
  ])('refuses %s and says how it is used', async (_what, args) => {
    const { code, text } = await command(...args);
    expect(code).toBe(2);
    expect(text).toMatch(/--verify-audit +only the chain/);
  });

  it('does not take a missing database for a good one', async () => {
    const environment = { ACCOUNTS_DATABASE_URL: 'postgres://nobody:x@127.0.0.1:1/none' };
    await expect(runReconcile(environment, [], () => undefined)).rejects.toThrow(/ECONNREFUSED/);
    await expect(runReconcile({}, [], () => undefined)).rejects.toThrow(/ACCOUNTS_DATABASE_URL/);
  });
});

describe('repairs over REST', () => {
  const repair = (amount: string) => ({
    repairId: randomUUID(),
    debit: { kind: 'service_credit' },
    credit: { kind: 'buyer_wallet', username: 'rex' },
    ...{ amount, reason: 'a test', violation: 'fee', subject: 'req_1' },
  });

  it('are proposed, listed, and approved by another operator who has signed in', async () => {
    const asked = await operator('POST', 'repairs', repair('2000000000'));
    expect(asked).toMatchObject({ status: 201, body: { state: 'proposed', needsApproval: true } });
    const path = `repairs/${asked.body.id}`;
    expect(await operator('POST', `${path}/approve`)).toMatchObject({ status: 403 });
    const browser = stage.browser();
    const bob = { email: 'bob@example.com', password: 'correct horse battery' };
    await browser.call('POST', '/sign-up/email', { username: 'bob', ...bob });
    await browser.follow(await stage.mails.linkTo(bob.email));
    await operator('PATCH', 'users/bob', { role: 'operator' });
    await browser.call('POST', '/sign-in/email', bob);
    const token = await browser.accessToken();
    const approved = await stage.call('POST', `/api/account/${path}/approve`, token);
    expect(approved).toMatchObject({ status: 200, body: { state: 'applied' } });
    expect((await operator('GET', path)).body).toEqual(approved.body);
    expect((await operator('GET', 'repairs?state=applied')).body).toEqual({
      repairs: [approved.body],
    });
  });

  it('are not for members, nor of another form', async () => {
    await member('tim');
    const made = await operator('POST', 'api-tokens', {
      ...{ name: 'x', username: 'tim', scopes: ['manage'] },
    });
    const token = String(made.body.apiToken);
    for (const [method, path, body] of [
      ['POST', 'repairs', repair('1')],
      ['GET', 'repairs', undefined],
      ['GET', 'audit-blocks', undefined],
      ['GET', 'reconciliations', undefined],
      ['POST', `repairs/${randomUUID()}/approve`, undefined],
    ] as const) {
      const answer = await stage.call(method, `/api/account/${path}`, token, body);
      expect({ path, status: answer.status }).toEqual({ path, status: 403 });
    }
    for (const wrong of [{ amount: '0' }, { violation: 'No' }, { debit: { kind: 'pocket' } }]) {
      const body = { ...repair('1'), ...wrong };
      expect((await operator('POST', 'repairs', body)).status).toBe(400);
    }
  });

  it('stand beside what was reconciled', async () => {
    const { body } = await operator('GET', 'reconciliations?job=day&limit=2');
    expect(body.reconciliations).toMatchObject([{ job: 'day' }, { job: 'day' }]);
  });
});
