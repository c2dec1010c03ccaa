import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { HostedShop, type Person } from './hosted-shop.js';
import { type Harness, type RunningRouter, startHarness } from './running-router.js';
import { SetClock } from './set-clock.js';

const environment = { ROUTER_TERMS_AHEAD_MAX: '3', ROUTER_TERMS_AHEAD_MS_MAX: '10000' };
const clock = new SetClock();

let harness: Harness;
let [one, two]: RunningRouter[] = [];
let [operator, anna, bob]: Person[] = [];
let shop: HostedShop;
let path: string;

beforeAll(async () => {
  harness = await startHarness();
  one = await harness.router(environment, clock);
  two = await harness.router(environment, clock);
  operator = harness.accounts.token('global');
  anna = harness.accounts.token('anna');
  bob = harness.accounts.token('bob');
  shop = await HostedShop.open(harness, one, 'shop', anna);
  path = `/api/catalog/listings/${(await put(cheap)).body.id}`;
});

afterAll(() => harness.stop());

const cheap = { prompt_token: '1' };
const router = () => one as RunningRouter;
const call = (person: Person | undefined, method: string, at: string, body?: unknown) =>
  router().call(person?.apiToken ?? '', method, at, body);
const put = (prices: object, more: object = {}, person = anna) =>
  shop.put(router(), person as Person, prices, more);
const moment = (aheadMs: number) => new Date(clock.nowMs() + aheadMs).toISOString();
const codeOf = ({ status, body }: { status: number; body: { error?: { code: string } } }) => [
  status,
  body.error?.code,
];
/** Past everything that lies ahead. */
const letAllBegin = () => clock.pass(20_000);

describe('prices to come', () => {
  it.each([
    ['that has passed', -1, 400, 'valid_from_passed'],
    ['too far ahead', 10_001, 400, 'valid_from_too_far'],
  ])('are refused for a moment %s, and change nothing', async (_what, aheadMs, status, code) => {
    const { body: before } = await call(anna, 'GET', path);
    const answer = await put(
      { prompt_token: '9' },
      { validFrom: moment(aheadMs), isActive: false },
    );
    expect(codeOf(answer)).toEqual([status, code]);
    expect((await call(anna, 'GET', path)).body).toEqual(before);
  });

  it.each([
    ['no date', 'tomorrow'],
    ['a day', '2030-01-01'],
    ['a time without a zone', '2030-01-01T00:00:00'],
    ['a number', 1_900_000_000_000],
    ['a date that there is not', '2030-02-31T00:00:00Z'],
    ['null', null],
  ])('are refused for %s', async (_what, validFrom) => {
    expect((await put(cheap, { validFrom })).status).toBe(400);
  });

  it('begin in any zone, and at this very moment too', async () => {
    letAllBegin();
    const there = moment(3_600_000).replace('Z', '+01:00');
    const { body } = await put({ request: '4' }, { validFrom: there });
    expect(body).toMatchObject({ prices: { request: '4' }, pricesAhead: [] });
  });

  it('are so many and no more, also when both replicas are told at once', async () => {
    letAllBegin();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, place) => {
        const more = { validFrom: moment(1_000 + place) };
        const through = (place % 2 === 0 ? one : two) as RunningRouter;
        return shop.put(through, anna as Person, { prompt_token: '5' }, more);
      }),
    );
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.map(codeOf)).toEqual(Array(7).fill([409, 'changes_ahead_too_many']));
    const { body } = await call(anna, 'GET', path);
    expect(body.pricesAhead.length).toBe(3);
    const [next] = body.pricesAhead;
    const replaced = await put({ prompt_token: '6' }, { validFrom: next.validFrom });
    expect(replaced.body.pricesAhead[0]).toMatchObject({
      prices: { prompt_token: '6' },
      validFrom: next.validFrom,
    });
    expect(replaced.body.pricesAhead.length).toBe(3);
  });

  it('are withdrawn before they begin, and not afterwards', async () => {
    letAllBegin();
    const { body } = await put({ prompt_token: '8' }, { validFrom: moment(1_000) });
    const [{ id }] = body.pricesAhead;
    const change = `${path}/prices/${id}`;
    expect((await call(anna, 'DELETE', change)).status).toBe(204);
    expect((await call(anna, 'DELETE', change)).status).toBe(204);
    expect((await call(anna, 'GET', path)).body.pricesAhead).toEqual([]);

    const again = await put({ prompt_token: '8' }, { validFrom: moment(1_000) });
    const begun = `${path}/prices/${again.body.pricesAhead[0].id}`;
    clock.pass(1_000);
    expect(codeOf(await call(anna, 'DELETE', begun))).toEqual([409, 'change_begun']);
    const unknown = await call(anna, 'DELETE', `${path}/prices/${randomUUID()}`);
    expect(codeOf(unknown)).toEqual([404, 'change_not_found']);
    expect((await call(anna, 'DELETE', `${path}/prices/first`)).status).toBe(400);
  });
});

describe('the history of prices', () => {
  it('says who set what, when, and from when on, and what was withdrawn', async () => {
    letAllBegin();
    const setAt = moment(0);
    const validFrom = moment(5_000);
    await put({ image: '1' });
    const { body } = await put({ image: '2' }, { validFrom }, operator);
    clock.pass(10);
    await call(anna, 'DELETE', `${path}/prices/${body.pricesAhead[0].id}`);
    const history = await call(anna, 'GET', `${path}/prices?limit=2`);
    expect(history.body.changes).toEqual([
      {
        id: body.pricesAhead[0].id,
        ...{ prices: { image: '2' }, validFrom, setAt, setBy: 'global' },
        ...{ withdrawnAt: moment(0), withdrawnBy: 'anna' },
      },
      {
        id: expect.any(String),
        ...{ prices: { image: '1' }, validFrom: setAt, setAt, setBy: 'anna' },
        ...{ withdrawnAt: null, withdrawnBy: null },
      },
    ]);
  });

  it('is read page by page, each entry once', async () => {
    const whole = (await call(anna, 'GET', `${path}/prices`)).body;
    expect(whole.nextCursor).toBeNull();
    const pages: unknown[] = [];
    let cursor = '';
    do {
      const at = `${path}/prices?limit=2${cursor && `&cursor=${cursor}`}`;
      const { body } = await call(anna, 'GET', at);
      pages.push(...body.changes);
      cursor = body.nextCursor ?? '';
    } while (cursor !== '');
    expect(pages).toEqual(whole.changes);
    for (const wrong of ['limit=0', 'limit=201', 'cursor=x', 'cursor=9999999999999999999', 'a=1']) {
      expect((await call(anna, 'GET', `${path}/prices?${wrong}`)).status).toBe(400);
    }
  });

  it('does not tell of what changed nothing', async () => {
    await put({ image: '3' });
    const { body: before } = await call(anna, 'GET', `${path}/prices`);
    await put({ image: '3' }, { isActive: false });
    const { body } = await put({ image: '3' }, { isActive: true });
    expect(body).toMatchObject({ prices: { image: '3' }, isActive: true });
    expect((await call(anna, 'GET', `${path}/prices`)).body).toEqual(before);
  });

  it('is only added to, whoever asks the database, and outlives its listing', async () => {
    const doomed = await put(cheap, { model: 'other' });
    const { id } = doomed.body;
    await call(anna, 'DELETE', `/api/catalog/listings/${id}`);
    const asAdmin = new Client({ connectionString: harness.database.adminUrl });
    const asRouter = new Client({ connectionString: harness.database.urls.router });
    await Promise.all([asAdmin.connect(), asRouter.connect()]);
    try {
      const { rows } = await asAdmin.query(
        'SELECT subject_name, set_by_username FROM router.term_change WHERE subject_id = $1',
        [id],
      );
      expect(rows).toEqual([{ subject_name: 'anna/shop other', set_by_username: 'anna' }]);
      const change = 'UPDATE router.term_change SET prompt_token_nanos = 0';
      for (const sql of [change, 'DELETE FROM router.term_change', 'TRUNCATE router.term_change']) {
        await expect(asAdmin.query(sql)).rejects.toThrow(/append-only/);
        await expect(asRouter.query(sql)).rejects.toThrow(/permission denied/);
      }
      const unwithdraw = 'UPDATE router.term_change SET withdrawn_at = NULL, withdrawn_by = NULL';
      await expect(asRouter.query(unwithdraw)).rejects.toThrow(/append-only/);
      const tooLate = `UPDATE router.term_change SET withdrawn_at = valid_from,
        withdrawn_by = set_by, withdrawn_by_username = 'x' WHERE withdrawn_at IS NULL`;
      await expect(asRouter.query(tooLate)).rejects.toThrow(/term_change_withdrawal_check/);
    } finally {
      await Promise.all([asAdmin.end(), asRouter.end()]);
    }
  });
});

describe('units', () => {
  const all = {
    ...{ prompt_token: '1', cached_prompt_token: '2', completion_token: '3', reasoning_token: '4' },
    ...{ image: '5', audio_second: '6', video_second: '7', request: '8' },
  };

  it('are all priced, kept, and charged', async () => {
    expect((await put(all)).body.prices).toEqual(all);
    expect((await call(anna, 'GET', path)).body.prices).toEqual(all);
    expect((await call(anna, 'GET', `${path}/prices?limit=1`)).body.changes[0].prices).toEqual(all);
    expect(await shop.terms(router(), bob as Person)).toMatchObject({ prices: all });
    const ahead = await put({ ...all, image: '50' }, { validFrom: moment(1_000) });
    expect(ahead.body.pricesAhead[0].prices).toEqual({ ...all, image: '50' });
    clock.pass(1_000);
    expect((await put({ ...all, image: '50' })).body.pricesAhead).toEqual([]);
  });

  it.each(['smile', 'audio_token', 'image_second', 'prompt', '__proto__'])(
    'are refused as %s',
    async (unit) => {
      const wrong = JSON.parse(`{ "request": "1", "${unit}": "1" }`);
      expect((await put(wrong)).status).toBe(400);
    },
  );
});

describe('fees', () => {
  const sellerFee = '/api/catalog/sellers/anna/fee';

  it('are set by operators alone, the own ones least', async () => {
    for (const at of [sellerFee, `${path}/fee`]) {
      for (const person of [anna, bob]) {
        expect(codeOf(await call(person, 'PUT', at, { feeBps: 0 }))).toEqual([
          403,
          'operator_only',
        ]);
      }
      const change = `${at}s/${randomUUID()}`;
      expect(codeOf(await call(anna, 'DELETE', change))).toEqual([403, 'operator_only']);
      expect(codeOf(await call(operator, 'DELETE', change))).toEqual([404, 'change_not_found']);
    }
    expect((await put(cheap, { feeBps: 0 })).status).toBe(400);
    expect((await call(anna, 'GET', path)).body).toMatchObject({
      feeBps: 500,
      feeSource: 'default',
    });
  });

  it.each([
    ['negative', -1],
    ['above the whole', 10_001],
    ['a fraction', 0.5],
    ['text', '5'],
    ['missing', undefined],
  ])('are refused where %s', async (_what, feeBps) => {
    for (const at of [sellerFee, `${path}/fee`]) {
      expect((await call(operator, 'PUT', at, { feeBps })).status).toBe(400);
    }
  });

  it('are shown to their seller with what is to come, and withdrawn before', async () => {
    const validFrom = moment(1_000);
    await call(operator, 'PUT', sellerFee, { feeBps: 300 });
    const ahead = await call(operator, 'PUT', `${path}/fee`, { feeBps: 0, validFrom });
    const toCome = [{ feeBps: 0, feeSource: 'listing', validFrom }];
    expect(ahead.body).toMatchObject({ feeBps: 300, feeSource: 'seller', feesAhead: toCome });
    expect((await call(anna, 'GET', path)).body).toEqual(ahead.body);
    expect((await call(anna, 'GET', sellerFee)).body).toEqual({
      username: 'anna',
      ...{ feeBps: 300, feeSource: 'seller', feesAhead: [] },
    });
    const { changes } = (await call(anna, 'GET', `${path}/fees`)).body;
    expect(changes).toMatchObject([{ feeBps: 0, setBy: 'global', withdrawnAt: null }]);
    await call(operator, 'DELETE', `${path}/fees/${changes[0].id}`);
    expect((await call(anna, 'GET', path)).body.feesAhead).toEqual([]);

    await call(operator, 'PUT', sellerFee, { feeBps: 900, validFrom });
    const own = (await call(anna, 'GET', `${sellerFee}s`)).body;
    expect(own.changes).toMatchObject([{ feeBps: 900 }, { feeBps: 300 }]);
    expect((await call(anna, 'GET', sellerFee)).body.feesAhead.length).toBe(1);
    await call(operator, 'DELETE', `${sellerFee}s/${own.changes[0].id}`);
    await call(operator, 'PUT', sellerFee, { feeBps: null });
    expect((await call(anna, 'GET', sellerFee)).body).toMatchObject({ feeBps: 500, feesAhead: [] });
  });

  it('of an owner that there is not are none', async () => {
    const nobody = '/api/catalog/sellers/nobody/fee';
    expect((await call(operator, 'PUT', nobody, { feeBps: 1 })).status).toBe(404);
    expect((await call(operator, 'GET', `${nobody}s`)).status).toBe(404);
    expect((await call(operator, 'GET', '/api/catalog/sellers/No%2Fbody/fee')).status).toBe(400);
  });

  it("are nobody else's business", async () => {
    expect(codeOf(await call(bob, 'GET', sellerFee))).toEqual([403, 'operator_only']);
    expect(codeOf(await call(bob, 'GET', `${sellerFee}s`))).toEqual([403, 'operator_only']);
  });
});

describe("another owner's listing", () => {
  it('is not there, whatever is asked of it', async () => {
    const [change] = (await call(anna, 'GET', `${path}/prices`)).body.changes;
    const none = `/api/catalog/listings/${randomUUID()}`;
    for (const at of [path, none]) {
      for (const [method, rest] of [
        ['GET', ''],
        ['DELETE', ''],
        ['GET', '/prices'],
        ['GET', '/fees'],
        ['DELETE', `/prices/${change.id}`],
      ] as const) {
        expect(codeOf(await call(bob, method, `${at}${rest}`))).toEqual([404, 'listing_not_found']);
      }
    }
    expect(codeOf(await put(cheap, {}, bob))).toEqual([404, 'provider_not_found']);
    expect(codeOf(await call(operator, 'PUT', `${none}/fee`, { feeBps: 1 }))).toEqual([
      404,
      'listing_not_found',
    ]);
  });

  it('gives none of its changes away under a listing of the own', async () => {
    const own = await HostedShop.open(harness, router(), 'own', bob as Person);
    const { id } = (await own.put(router(), bob as Person, cheap)).body;
    const { body } = await put({ request: '2' }, { validFrom: moment(1_000) });
    const stolen = `/api/catalog/listings/${id}/prices/${body.pricesAhead.at(-1).id}`;
    expect(codeOf(await call(bob, 'DELETE', stolen))).toEqual([404, 'change_not_found']);
  });
});
