import { randomUUID } from 'node:crypto';
import { Acknowledgement, CreatedApiToken, Listing } from '@aisbf/contracts';
import { FakeUpstream, MarketUnderTest, type TestBuyer, until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI, { BadRequestError, NotFoundError, toFile } from 'openai';

/** A nano-dollar a token. */
const prices = { prompt: 1_000_000n, completion: 1_000_000n };
/** "Go on." in one message's frame, and seven words with a full stop. */
const costOfOne = 10n + 8n;

let market: MarketUnderTest;
let upstream: FakeUpstream;
let alice: TestBuyer;
let client: OpenAI;
/** What the model `held` waits for. */
let release: () => void;
let released: Promise<void>;

const sdk = (apiKey: string) => new OpenAI({ apiKey, baseURL: `${market.url}/v1`, maxRetries: 0 });

beforeAll(async () => {
  [market, upstream] = await Promise.all([
    MarketUnderTest.start({
      serviceEnv: {
        accounts: { ACCOUNTS_BATCHES_MAX: '5' },
        router: {
          ROUTER_TOTAL_MS_MAX: '4000',
          ROUTER_FIRST_BYTE_MS_MAX: '4000',
          ROUTER_HOLD_TTL_MS: '6000',
        },
        gateway: {
          GATEWAY_BATCH_CLAIM_MS: '2000',
          GATEWAY_BATCH_SWEEP_MS: '200',
          GATEWAY_BATCH_RETRY_MS: '200',
          GATEWAY_BATCH_RETRY_MS_MAX: '1000',
          GATEWAY_BATCH_INPUT_LINES_MAX: '40',
          GATEWAY_BATCH_TRIES_MAX: '2',
        },
      },
    }),
    FakeUpstream.start(['plain', 'held', 'busy', 'bad', 'picky']),
  ]);
  hold();
  upstream.on('held', async (call) => {
    await released;
    await call.answer(['A ', 'fake ', 'answer ', 'of ', 'seven ', 'plain ', 'words.']);
  });
  upstream.on('bad', (call) => call.status(500, '{}'));
  upstream.on('picky', (call) => {
    if (call.text.includes('refuse me')) {
      return call.status(400, '{"error":{"message":"No.","type":"invalid_request_error"}}');
    }
    return call.answer(['Yes.']);
  });
  alice = await market.buyer('alice');
  client = sdk(alice.apiToken);
  const models = ['plain', 'held', 'busy', 'bad', 'picky'];
  const hosted = await market.operator.createHttpProvider('hosted', upstream.url, models);
  for (const model of models) await market.operator.putListing(hosted, model, prices);
  await market.untilBuyable(alice, ...models.map((model) => `hosted/${model}`));
}, 90_000);

afterAll(async () => {
  release?.();
  const wrongs = await market?.stop();
  await upstream?.stop();
  expect(wrongs).toEqual([]);
}, 60_000);

function hold(): void {
  ({ promise: released, resolve: release } = Promise.withResolvers<void>());
}

const endpoint = '/v1/chat/completions' as const;
const line = (customId: string, model: string, fields: object = {}, content = 'Go on.') => ({
  ...{ custom_id: customId, method: 'POST', url: endpoint },
  body: { model: `hosted/${model}`, messages: [{ role: 'user', content }], ...fields },
});
const linesOf = (count: number, model: string) =>
  Array.from({ length: count }, (_, place) => line(`line-${place}`, model));

async function upload(lines: readonly unknown[], by = client): Promise<string> {
  const text = lines.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n');
  const file = await toFile(Buffer.from(text), 'lines.jsonl');
  return (await by.files.create({ file, purpose: 'batch' })).id;
}

async function begin(lines: readonly unknown[], by = client) {
  const input = await upload(lines, by);
  return by.batches.create({
    ...{ input_file_id: input, endpoint, completion_window: '24h' },
    metadata: { of: 'a test' },
  });
}

const over = ['completed', 'failed', 'expired', 'cancelled'];

function ended(id: string, by = client) {
  return until(
    async () => {
      const batch = await by.batches.retrieve(id);
      return over.includes(batch.status) && batch;
    },
    { timeoutMs: 40_000, message: `${id} is over` },
  );
}

type Outcome = Readonly<{
  id: string;
  custom_id: string;
  response: { status_code: number; request_id: string; body: Record<string, unknown> } | null;
  error: { code: string; message: string } | null;
}>;

async function outcomesIn(fileId: string | null | undefined, by = client): Promise<Outcome[]> {
  if (!fileId) return [];
  const text = await (await by.files.content(fileId)).text();
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((one) => JSON.parse(one) as Outcome);
}

const idsOf = (outcomes: readonly Outcome[]) => outcomes.map(({ custom_id: id }) => id);
const answerOf = ({ response }: Outcome) => response?.body.choices;

describe('a batch', () => {
  it('runs every line once, and tells of each what it was answered and what it cost', async () => {
    const { posted } = await market.restingWallet(alice);
    const lines = [line('first', 'plain', { seed: 12345 }), '', ...linesOf(20, 'plain')];
    const made = await begin(lines);
    expect(made).toMatchObject({
      ...{ object: 'batch', endpoint, completion_window: '24h', metadata: { of: 'a test' } },
      ...{ status: 'validating', output_file_id: null, error_file_id: null, errors: null },
      ...{
        id: expect.stringMatching(/^batch_/),
        request_counts: { total: 0, completed: 0, failed: 0 },
      },
    });
    expect(made.expires_at).toBe(made.created_at + 86_400);
    const done = await ended(made.id);
    expect(done).toMatchObject({
      ...{ status: 'completed', error_file_id: null },
      request_counts: { total: 21, completed: 21, failed: 0 },
    });
    for (const time of [done.in_progress_at, done.finalizing_at, done.completed_at]) {
      expect(time).toBeGreaterThanOrEqual(made.created_at);
    }
    const outcomes = await outcomesIn(done.output_file_id);
    expect(idsOf(outcomes)).toEqual(['first', ...linesOf(20, 'plain').map((one) => one.custom_id)]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ error: null, response: { status_code: 200 } });
      expect(answerOf(outcome)).toMatchObject([{ message: { role: 'assistant' } }]);
    }
    expect(new Set(outcomes.map(({ response }) => response?.request_id)).size).toBe(21);
    const file = await client.files.retrieve(done.output_file_id ?? '');
    expect(file).toMatchObject({ purpose: 'batch_output', filename: `${made.id}_output.jsonl` });
    expect((await market.restingWallet(alice)).posted).toBe(posted - 21n * costOfOne);
    const [one] = outcomes;
    const receipt = await market.receipt(alice, one?.response?.request_id ?? '');
    expect(receipt).toMatchObject({ batchId: made.id, charge: String(costOfOne) });
    expect((await client.batches.list({ limit: 1 })).data.map(({ id }) => id)).toEqual([made.id]);
    expect(await market.query('SELECT FROM batch_line')).toEqual([]);
  }, 60_000);

  it('tells the lines that were refused apart from those that were answered', async () => {
    const { posted } = await market.restingWallet(alice);
    const made = await begin([
      line('good', 'picky'),
      line('refused', 'picky', {}, 'refuse me'),
      line('malformed', 'picky', { messages: 'none' }),
      line('also good', 'picky'),
    ]);
    const done = await ended(made.id);
    expect(done).toMatchObject({
      ...{ status: 'completed', request_counts: { total: 4, completed: 2, failed: 2 } },
    });
    expect(idsOf(await outcomesIn(done.output_file_id))).toEqual(['good', 'also good']);
    const errors = await outcomesIn(done.error_file_id);
    expect(errors).toMatchObject([
      {
        custom_id: 'refused',
        error: null,
        response: { status_code: 400, body: { error: { code: 'upstream_refused_request' } } },
      },
      {
        custom_id: 'malformed',
        error: null,
        response: { status_code: 400, body: { error: { param: 'messages' } } },
      },
    ]);
    const { posted: after } = await market.restingWallet(alice);
    expect(posted - after).toBe(2n * 12n);
  }, 60_000);

  it('runs Responses too, which can be asked for afterwards', async () => {
    const lines = ['one', 'two'].map((customId) => ({
      ...{ custom_id: customId, method: 'POST', url: '/v1/responses' },
      body: { model: 'hosted/plain', input: 'Go on.' },
    }));
    const made = await client.batches.create({
      ...{ input_file_id: await upload(lines), endpoint: '/v1/responses' },
      completion_window: '24h',
    });
    const done = await ended(made.id);
    expect(done).toMatchObject({ status: 'completed', request_counts: { completed: 2 } });
    const outcomes = await outcomesIn(done.output_file_id);
    for (const { response } of outcomes) {
      expect(response?.body).toMatchObject({ object: 'response', status: 'completed' });
      const kept = await client.responses.retrieve(String(response?.body.id));
      expect(kept.output_text).toContain('seven plain words');
    }
  }, 60_000);

  it('waits as long as everybody is busy, and gives up lines at which everybody fails', async () => {
    let isBusy = true;
    upstream.on('busy', (call) =>
      isBusy ? call.status(429, '{}', { 'retry-after': '1' }) : call.answer(['Yes.']),
    );
    const [waiting, failing] = await Promise.all([
      begin([line('patient', 'busy')]),
      begin([line('hopeless', 'bad')], sdk((await market.buyer('fay')).apiToken)),
    ]);
    await until(() => upstream.callsOf('busy').length >= 1);
    await until(async () => {
      const [row] = await market.query<{ pauses: number }>(
        'SELECT pauses FROM batch_line WHERE batch_id = $1',
        [waiting.id],
      );
      return (row?.pauses ?? 0) >= 2;
    });
    expect(await client.batches.retrieve(waiting.id)).toMatchObject({ status: 'in_progress' });
    isBusy = false;
    expect(await ended(waiting.id)).toMatchObject({
      ...{ status: 'completed', request_counts: { total: 1, completed: 1, failed: 0 } },
    });
    await until(
      async () => {
        const [row] = await market.query<{ status: string }>(
          'SELECT status FROM batch WHERE id = $1',
          [failing.id],
        );
        return row?.status === 'completed';
      },
      { timeoutMs: 30_000 },
    );
    expect(upstream.callsOf('bad').length).toBeGreaterThanOrEqual(2);
  }, 60_000);

  it('survives the death of its gateway: every line is answered once, and paid for once', async () => {
    const carol = await market.buyer('carol');
    const own = sdk(carol.apiToken);
    const { posted } = await market.restingWallet(carol);
    hold();
    const before = upstream.callsOf('held').length;
    const made = await begin(linesOf(12, 'held'), own);
    await until(() => upstream.callsOf('held').length - before >= 4);
    release();
    await until(async () => (await own.batches.retrieve(made.id)).request_counts?.completed !== 0);
    hold();
    const { gateway } = market.market.services;
    await until(() => upstream.callsOf('held').filter((call) => call.isUnderWay).length >= 1);
    await gateway.kill();
    await gateway.restart();
    release();
    const done = await ended(made.id, own);
    expect(done).toMatchObject({
      ...{ status: 'completed', request_counts: { total: 12, completed: 12, failed: 0 } },
    });
    const outcomes = await outcomesIn(done.output_file_id, own);
    expect(idsOf(outcomes)).toEqual(linesOf(12, 'held').map((one) => one.custom_id));
    const charges = await market.query<{ id: string }>(
      `SELECT id FROM receipt WHERE owner_id = $1 AND state = 'settled'`,
      [carol.ownerId],
    );
    const told = outcomes.map(({ response }) => response?.request_id);
    expect(charges.map(({ id }) => id).toSorted()).toEqual(told.toSorted());
    const { posted: after } = await market.restingWallet(carol);
    expect(posted - after).toBe(12n * costOfOne);
  }, 90_000);

  it('is paid for once when it is taken from a gateway whose lines still run', async () => {
    const hal = await market.buyer('hal');
    const own = sdk(hal.apiToken);
    const { posted } = await market.restingWallet(hal);
    hold();
    const before = upstream.callsOf('held').length;
    const made = await begin(linesOf(8, 'held'), own);
    await until(() => upstream.callsOf('held').length - before === 4);
    await market.query(
      `UPDATE batch SET claimed_by = $2, claimed_until = clock_timestamp() WHERE id = $1`,
      [made.id, randomUUID()],
    );
    // Whoever has it now runs them anew; what the first ones are answered is nobody's.
    await until(() => upstream.callsOf('held').length - before >= 8);
    release();
    const done = await ended(made.id, own);
    expect(done.request_counts).toEqual({ total: 8, completed: 8, failed: 0 });
    expect((await market.restingWallet(hal)).posted).toBe(posted - 8n * costOfOne);
  }, 60_000);

  it('begins no line once it is cancelled, and tells what was done', async () => {
    hold();
    const before = upstream.callsOf('held').length;
    const made = await begin(linesOf(10, 'held'));
    await until(() => upstream.callsOf('held').length - before >= 4);
    expect(await client.batches.cancel(made.id)).toMatchObject({ status: 'cancelling' });
    expect(await client.batches.cancel(made.id)).toMatchObject({ status: 'cancelling' });
    release();
    const done = await ended(made.id);
    expect(done.status).toBe('cancelled');
    expect(done.cancelled_at).toBeGreaterThanOrEqual(done.cancelling_at ?? 0);
    const [answered, errors] = [
      await outcomesIn(done.output_file_id),
      await outcomesIn(done.error_file_id),
    ];
    expect(answered.length).toBeGreaterThanOrEqual(4);
    expect(upstream.callsOf('held').length - before).toBe(answered.length);
    expect([...idsOf(answered), ...idsOf(errors)]).toEqual(
      linesOf(10, 'held').map((one) => one.custom_id),
    );
    for (const { error, response } of errors) {
      expect([error?.code, response]).toEqual(['batch_cancelled', null]);
    }
    await expect(client.batches.cancel(made.id)).rejects.toMatchObject({ status: 409 });
  }, 60_000);

  it('expires with what is done when its time is over', async () => {
    upstream.on('busy', (call) =>
      call.text.includes('later') ? call.status(429, '{}') : call.answer(['Yes.']),
    );
    const made = await begin([line('now', 'busy'), line('never', 'busy', {}, 'later')]);
    await until(
      async () => (await client.batches.retrieve(made.id)).request_counts?.completed === 1,
    );
    await market.query('UPDATE batch SET expires_at = clock_timestamp() WHERE id = $1', [made.id]);
    const done = await ended(made.id);
    expect(done).toMatchObject({
      ...{ status: 'expired', request_counts: { total: 2, completed: 1, failed: 1 } },
    });
    expect(idsOf(await outcomesIn(done.output_file_id))).toEqual(['now']);
    expect(await outcomesIn(done.error_file_id)).toMatchObject([
      { custom_id: 'never', response: null, error: { code: 'batch_expired' } },
    ]);
  }, 60_000);

  it('refuses the lines that a budget does not cover, and charges no more than it holds', async () => {
    const dave = await market.buyer('dave');
    const { apiToken } = await market.operator.call(
      'POST',
      '/api/account/api-tokens',
      CreatedApiToken,
      {
        ...{ name: 'small', username: 'dave', scopes: ['inference', 'usage'] },
        budgets: [{ period: 'day', amount: '100' }],
      },
    );
    const by = sdk(apiToken);
    const { posted } = await market.restingWallet(dave);
    const done = await ended(
      (
        await begin(
          linesOf(12, 'plain').map((one) => ({ ...one, body: { ...one.body, max_tokens: 10 } })),
          by,
        )
      ).id,
      by,
    );
    expect(done.status).toBe('completed');
    const { completed = 0, failed = 0 } = done.request_counts ?? {};
    expect(completed).toBeGreaterThan(0);
    expect(completed + failed).toBe(12);
    for (const { response } of await outcomesIn(done.error_file_id, by)) {
      expect(response).toMatchObject({
        ...{ status_code: 402, body: { error: { code: 'budget_exceeded' } } },
      });
    }
    const { posted: after } = await market.restingWallet(dave);
    expect(posted - after).toBe(BigInt(completed) * costOfOne);
    expect(posted - after).toBeLessThanOrEqual(100n);
  }, 60_000);

  it('fails clearly when its API token is revoked in the middle', async () => {
    await market.buyer('erin');
    const make = (name: string) =>
      market.operator.call('POST', '/api/account/api-tokens', CreatedApiToken, {
        ...{ name, username: 'erin', scopes: ['inference'] },
      });
    const [token, other] = [await make('first'), await make('second')];
    hold();
    const before = upstream.callsOf('held').length;
    const made = await begin(linesOf(10, 'held'), sdk(token.apiToken));
    await until(() => upstream.callsOf('held').length - before >= 4);
    await market.operator.call('DELETE', `/api/account/api-tokens/${token.id}`, Acknowledgement);
    release();
    const by = sdk(other.apiToken);
    const done = await ended(made.id, by);
    expect(done).toMatchObject({
      ...{
        status: 'failed',
        errors: { object: 'list', data: [{ code: 'invalid_api_key', line: null }] },
      },
    });
    const errors = await outcomesIn(done.error_file_id, by);
    expect(errors.length).toBeGreaterThan(0);
    for (const { error } of errors) expect(error?.code).toBe('invalid_api_key');
    expect((await outcomesIn(done.output_file_id, by)).length + errors.length).toBe(10);
  }, 60_000);
});

describe('the price of a batch', () => {
  it('is the share that a seller says, for lines of batches only, and is told of in the list of models', async () => {
    const hosted = await market.operator.createHttpProvider('cheap', upstream.url, ['plain']);
    const listing = {
      ...{ providerId: hosted, model: 'plain', batchPercent: 50 },
      prices: { prompt_token: '1000000', completion_token: '1000000' },
    };
    const put = (fields: object) =>
      market.operator.call('PUT', '/api/catalog/listings', Listing, { ...listing, ...fields });
    expect(await put({})).toMatchObject({ batchPercent: 50 });
    await expect(put({ batchPercent: 101 })).rejects.toMatchObject({ status: 400 });
    // Who does not speak of it leaves it alone.
    expect(await put({ batchPercent: undefined })).toMatchObject({ batchPercent: 50 });
    const gus = await market.buyer('gus');
    await market.untilBuyable(gus, 'cheap/plain');
    const by = sdk(gus.apiToken);
    expect(await by.models.retrieve('cheap/plain')).toMatchObject({ batch_percent: 50 });
    expect(await by.models.retrieve('hosted/plain')).not.toHaveProperty('batch_percent');
    const { posted } = await market.restingWallet(gus);
    const body = { ...line('', 'plain').body, model: 'cheap/plain' };
    await by.chat.completions.create(body as Parameters<typeof by.chat.completions.create>[0]);
    const { posted: afterOne } = await market.restingWallet(gus);
    expect(posted - afterOne).toBe(costOfOne);
    const made = await begin(
      [
        { ...line('a', 'plain'), body },
        { ...line('b', 'plain'), body },
      ],
      by,
    );
    const done = await ended(made.id, by);
    expect(done.request_counts).toEqual({ total: 2, completed: 2, failed: 0 });
    const { posted: afterAll } = await market.restingWallet(gus);
    expect(afterOne - afterAll).toBe(2n * (costOfOne / 2n));
    const [one] = await outcomesIn(done.output_file_id, by);
    const receipt = await market.receipt(gus, one?.response?.request_id ?? '');
    expect(receipt.prices).toEqual({ prompt_token: '500000', completion_token: '500000' });
  }, 60_000);
});

describe('what is no batch', () => {
  it.each([
    ['a line that is no JSON', [line('a', 'plain'), '{"custom_id":'], 'invalid_json_line', 2],
    [
      'the same custom_id twice',
      [line('a', 'plain'), line('a', 'plain')],
      'duplicate_custom_id',
      2,
    ],
    ['no custom_id', [{ ...line('a', 'plain'), custom_id: undefined }], 'invalid_custom_id', 1],
    ['another endpoint', [{ ...line('a', 'plain'), url: '/v1/embeddings' }], 'invalid_url', 1],
    ['another method', [{ ...line('a', 'plain'), method: 'GET' }], 'invalid_method', 1],
    ['no body', [{ ...line('a', 'plain'), body: undefined }], 'missing_required_parameter', 1],
    ['several models', [line('a', 'plain'), line('b', 'picky')], 'mismatched_model', 2],
    ['a stream', [line('a', 'plain', { stream: true })], 'invalid_value', 1],
    ['too many lines', linesOf(41, 'plain'), 'too_many_tasks', 41],
    ['nothing', ['', ' '], 'empty_file', null],
  ])('fails for %s, and runs none of it', async (_name, lines, code, at) => {
    const calls = upstream.callsOf('plain').length;
    const done = await ended((await begin(lines)).id);
    expect(done).toMatchObject({ status: 'failed', output_file_id: null, error_file_id: null });
    expect(done.errors?.data).toMatchObject([{ code, line: at }]);
    expect(done.failed_at).toBeGreaterThanOrEqual(done.created_at);
    expect(upstream.callsOf('plain').length).toBe(calls);
  });

  it('is refused at the door where it names nothing that there is', async () => {
    const input = await upload([line('a', 'plain')]);
    const good = { input_file_id: input, endpoint, completion_window: '24h' } as const;
    const make = (fields: object) => client.batches.create({ ...good, ...fields });
    await expect(make({ input_file_id: 'file-abc' })).rejects.toBeInstanceOf(BadRequestError);
    await expect(make({ endpoint: '/v1/images/edits' })).rejects.toMatchObject({
      param: 'endpoint',
    });
    await expect(make({ completion_window: '1h' })).rejects.toMatchObject({
      param: 'completion_window',
    });
    const other = await client.files.create({
      ...{ file: await toFile(Buffer.from('x'), 'x'), purpose: 'user_data' },
    });
    await expect(make({ input_file_id: other.id })).rejects.toMatchObject({
      ...{ status: 400, param: 'input_file_id' },
    });
    await expect(client.batches.retrieve(`batch_${'0'.repeat(32)}`)).rejects.toBeInstanceOf(
      NotFoundError,
    );
  });

  it('is anybody else’s', async () => {
    hold();
    const made = await begin([line('a', 'held')]);
    const bob = sdk((await market.buyer('bob')).apiToken);
    for (const asked of [
      () => bob.batches.retrieve(made.id),
      () => bob.batches.cancel(made.id),
      () => bob.batches.list({ after: made.id }),
    ]) {
      await expect(asked()).rejects.toMatchObject({ status: 404, code: 'batch_missing' });
    }
    await expect(
      bob.batches.create({
        ...{ input_file_id: made.input_file_id, endpoint, completion_window: '24h' },
      }),
    ).rejects.toMatchObject({ status: 400, code: 'batch_file_missing' });
    // Nor is a file taken away under a batch that reads it.
    await expect(client.files.delete(made.input_file_id)).rejects.toMatchObject({
      ...{ status: 409, code: 'file_in_use' },
    });
    release();
    await ended(made.id);
    await client.files.delete(made.input_file_id);
  });
});

it('keeps no API token in clear', async () => {
  hold();
  const made = await begin([line(randomUUID(), 'held')]);
  await until(async () => (await client.batches.retrieve(made.id)).status === 'in_progress');
  const [row] = await market.query<{ credentials: Buffer }>(
    'SELECT credentials FROM batch WHERE id = $1',
    [made.id],
  );
  expect(row?.credentials.length).toBeGreaterThan(0);
  expect(row?.credentials.includes(alice.apiToken.slice(6, 20))).toBe(false);
  release();
  await ended(made.id);
  const [after] = await market.query<{ credentials: Buffer | null }>(
    'SELECT credentials FROM batch WHERE id = $1',
    [made.id],
  );
  expect(after?.credentials).toBeNull();
});
