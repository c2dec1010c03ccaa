import { createSecretToken } from '@aisbf/secrets';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { chunkEvent, completion, done, json, openGateway, sse } from './gateway-bench.js';

let bench: Awaited<ReturnType<typeof openGateway>>;

beforeAll(async () => {
  bench = await openGateway({ GATEWAY_IDEMPOTENT_ANSWER_BYTES_MAX: '1000' });
});
beforeEach(() => {
  bench.peers.found = { state: 'unknown' };
  bench.peers.isKeepingNothing = false;
  bench.peers.kept.length = 0;
  bench.peers.finds.length = 0;
});
afterAll(() => bench.close());

const request = { model: 'p/m', messages: [{ role: 'user', content: 'hello' }] };
const path = '/v1/chat/completions';

function buy(key: string | undefined, body: object = request, at = path, token = bench.apiToken) {
  return fetch(`${bench.url}${at}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      ...(key !== undefined && { 'idempotency-key': key }),
    },
    body: JSON.stringify(body),
  });
}

async function answering(text: string): Promise<void> {
  bench.peers.candidates = [
    await bench.upstream(
      (_request, response) => void response.writeHead(201, json).end(completion(text)),
    ),
  ];
}

/** Buys, and lets accounts know of it as they would. */
async function bought(text: string, key = 'mine') {
  await answering(text);
  const response = await buy(key);
  const requestId = response.headers.get('x-request-id') ?? '';
  const body = await response.text();
  await until(() => bench.peers.settlements.some((report) => report.requestId === requestId));
  const answer = bench.peers.kept.find((one) => one.requestId === requestId)?.answer ?? null;
  bench.peers.found = { state: 'ended', requestId, answer };
  return { response, requestId, body };
}

describe('a request with an idempotency key', () => {
  it('takes its key along to where the money is, with a hash of what was asked for', async () => {
    await answering('fine');
    for (const at of [path, '/api/v1/chat/completions'])
      await (await buy('k 1', request, at)).text();
    await (await buy('k 1', { ...request, temperature: 1 })).text();
    const [one, two, three] = bench.peers.admits.slice(-3).map(({ idempotency }) => idempotency);
    expect(one).toMatchObject({ key: 'k 1' });
    expect(two).toEqual(one);
    expect(three?.bodyHash).not.toBe(one?.bodyHash);
    expect(bench.peers.finds.at(-1)).toMatchObject({ ...three, apiToken: bench.apiToken });
    await (await buy(undefined)).text();
    expect(bench.peers.admits.at(-1)).not.toHaveProperty('idempotency');
    expect(bench.peers.finds).toHaveLength(3);
  });

  it('gives its answer again, byte by byte, without anybody being asked', async () => {
    const { response, requestId, body } = await bought('fine');
    const admits = bench.peers.admits.length;
    const again = await buy('mine');
    expect(again.status).toBe(201);
    expect(await again.text()).toBe(body);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(response.headers.get('idempotent-replayed')).toBeNull();
    for (const name of ['x-request-id', 'x-aisbf-provider', 'x-aisbf-attempts', 'content-type']) {
      expect([name, again.headers.get(name)]).toEqual([name, response.headers.get(name)]);
    }
    expect(again.headers.get('x-request-id')).toBe(requestId);
    expect(bench.peers.admits).toHaveLength(admits);
  });

  it('is kept so that nobody but its buyer can read it', async () => {
    await bought('a secret that nobody may read');
    const [kept] = bench.peers.kept;
    expect(Buffer.from(kept?.answer ?? '', 'base64').toString('latin1')).not.toContain('secret');
    bench.peers.receipt = receiptOf(kept?.requestId ?? '');
    const other = await buy('mine', request, path, createSecretToken('aisbf').text);
    expect([other.status, await other.json()]).toMatchObject([
      409,
      { error: { code: 'idempotent_answer_not_kept' }, receipt: bench.peers.receipt },
    ]);
  });

  it.each([
    ['was too large to keep', 'x'.repeat(2_000), false],
    ['could not be kept', 'fine', true],
  ])('gives its receipt where its answer %s', async (_name, text, isKeepingNothing) => {
    bench.peers.isKeepingNothing = isKeepingNothing;
    const { response, requestId } = await bought(text);
    expect(response.status).toBe(201);
    bench.peers.receipt = receiptOf(requestId);
    await expectReceipt(await buy('mine'), requestId);
  });

  it('gives its receipt where it was a stream', async () => {
    bench.peers.candidates = [
      await bench.upstream((_request, response) => {
        response.writeHead(200, sse).end(chunkEvent({ content: 'fine' }, 'stop') + done);
      }),
    ];
    const first = await buy('mine', { ...request, stream: true });
    const requestId = first.headers.get('x-request-id') ?? '';
    expect(await first.text()).toContain('[DONE]');
    expect(bench.peers.kept).toEqual([]);
    bench.peers.found = { state: 'ended', requestId, answer: null };
    bench.peers.receipt = receiptOf(requestId);
    await expectReceipt(await buy('mine', { ...request, stream: true }), requestId);
  });

  it('keeps no answer of a request that nobody has served', async () => {
    bench.peers.candidates = [
      await bench.upstream((_request, response) => void response.writeHead(400, json).end('{}')),
    ];
    expect((await buy('mine')).status).toBe(400);
    expect(bench.peers.kept).toEqual([]);
  });

  it('is refused while the first of its kind is running, and may be tried again', async () => {
    bench.peers.found = { state: 'running' };
    const response = await buy('mine');
    expect(response.status).toBe(409);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(response.headers.get('x-should-retry')).toBe('true');
    expect(await response.json()).toMatchObject({ error: { code: 'idempotency_key_running' } });
  });

  it('is refused for good where its key stands for something else', async () => {
    bench.peers.found = { state: 'reused' };
    const response = await buy('mine');
    expect(response.status).toBe(422);
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(await response.json()).toMatchObject({
      error: { type: 'invalid_request_error', code: 'idempotency_key_reused' },
    });
  });

  it.each(['', 'x'.repeat(256), 'ü', 'tab\there'])('is refused with %j as a key', async (key) => {
    const response = await buy(key);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'idempotency_key_invalid' } });
    expect(bench.peers.finds).toEqual([]);
  });
});

async function expectReceipt(response: Response, requestId: string): Promise<void> {
  expect(response.status).toBe(409);
  expect(response.headers.get('x-should-retry')).toBe('false');
  expect(response.headers.get('idempotent-replayed')).toBe('true');
  expect(response.headers.get('x-request-id')).toBe(requestId);
  expect(await response.json()).toMatchObject({
    error: { code: 'idempotent_answer_not_kept' },
    receipt: { id: requestId, charge: '7' },
  });
}

function receiptOf(id: string): object {
  const at = new Date().toISOString();
  return {
    ...{ id, state: 'settled', outcome: 'completed', route: 'p/m', isStream: false },
    ...{ createdAt: at, settledAt: at, servedBy: null, units: {}, reported: null },
    ...{ finishReason: 'stop', prices: null, hold: '9', charge: '7', chargeUsd: '0.000000007' },
    refunded: '0',
    ...{ timings: { firstByteMs: null, totalMs: null }, attempts: [], rejections: [] },
    candidates: [],
  };
}
