import { join } from 'node:path';
import { ApiTokens, UpdatedApiToken } from '@aisbf/contracts';
import { findFreePorts, type Service, startService } from '@aisbf/one-machine';
import { FakeUpstream, MarketUnderTest, type TestBuyer, until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

/** Two gateways of one market, which know of each other by the ledger only. */
let market: MarketUnderTest;
let upstream: FakeUpstream;
let second: Service;
let gateways: readonly string[];
let buyer: TestBuyer;

/** A nano-dollar a token. */
const prices = { prompt: 1_000_000n, completion: 1_000_000n };

beforeAll(async () => {
  [market, upstream] = await Promise.all([
    MarketUnderTest.start(),
    FakeUpstream.start(['plain', 'bad']),
  ]);
  const { services, environment, dataDir } = market.market;
  const [port] = await findFreePorts(1);
  const env = { ...environment('gateway'), GATEWAY_HTTP_PORT: String(port) };
  second = await startService({ name: 'gateway', dataDir: join(dataDir), env });
  gateways = [services.gateway.url, second.url];
  upstream.on('bad', (call) => call.status(500, '{}'));
  buyer = await market.buyer('alice');
  const hosted = await market.operator.createHttpProvider('hosted', upstream.url, ['plain', 'bad']);
  for (const model of ['plain', 'bad']) await market.operator.putListing(hosted, model, prices);
  await market.untilBuyable(buyer, 'hosted/plain', 'hosted/bad');
}, 90_000);

afterAll(async () => {
  await second?.stop();
  const wrongs = await market?.stop();
  await upstream?.stop();
  expect(wrongs).toEqual([]);
}, 60_000);

type Fields = Readonly<{ model?: string; content?: string; stream?: boolean }>;

async function buy(place: number, key: string, fields: Fields = {}, by = buyer) {
  const { model = 'hosted/plain', content = 'Go on.', ...rest } = fields;
  const response = await fetch(`${gateways[place % 2]}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${by.apiToken}`, 'idempotency-key': key },
    body: JSON.stringify({ model, messages: [{ role: 'user', content }], ...rest }),
  });
  const text = await response.text();
  return {
    text,
    status: response.status,
    requestId: response.headers.get('x-request-id') ?? '',
    isReplay: response.headers.get('idempotent-replayed') === 'true',
    retryAfter: response.headers.get('retry-after'),
    code: text.startsWith('{"error"') ? JSON.parse(text).error.code : undefined,
  };
}

/** Repeats until the first of its kind has ended, as a client would. */
const outcome = (place: number, key: string, fields: Fields = {}) =>
  until(async () => {
    const answer = await buy(place, key, fields);
    return answer.code !== 'idempotency_key_running' && answer;
  });

const calls = (model: string) => upstream.callsOf(model).length;

describe('an idempotency key', () => {
  it('runs one of many racing requests over several gateways, charges once, and answers all alike', async () => {
    const { posted } = await market.restingWallet(buyer);
    for (let round = 0; round < 5; round += 1) {
      const [key, before] = [`race ${round}`, calls('plain')];
      const racing = await Promise.all(Array.from({ length: 8 }, (_, place) => buy(place, key)));
      for (const one of racing) {
        expect([200, 409]).toContain(one.status);
        if (one.status === 409)
          expect([one.code, one.retryAfter]).toEqual(['idempotency_key_running', '1']);
      }
      const repeats = await Promise.all([outcome(0, key), outcome(1, key)]);
      const answers = [...racing.filter(({ status }) => status === 200), ...repeats];
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      expect(new Set(answers.map(({ requestId }) => requestId)).size).toBe(1);
      expect(repeats.map(({ isReplay }) => isReplay)).toEqual([true, true]);
      expect(calls('plain') - before).toBe(1);
    }
    // "Go on." in one message's frame, and seven words with a full stop.
    expect((await market.restingWallet(buyer)).posted).toBe(posted - 5n * (10n + 8n));
  });

  it('stands for one request only', async () => {
    await outcome(0, 'one');
    expect(await buy(1, 'one', { content: 'Stop.' })).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    });
    const bob = await market.buyer('bob');
    expect(await buy(1, 'one', { content: 'Stop.' }, bob)).toMatchObject({
      status: 200,
      isReplay: false,
    });
  });

  it('gives the receipt of a stream, which was paid for once', async () => {
    const first = await buy(0, 'stream', { stream: true });
    expect(first.text).toContain('[DONE]');
    const receipt = await market.receipt(buyer, first.requestId);
    const again = await outcome(1, 'stream', { stream: true });
    expect(again).toMatchObject({ status: 409, isReplay: true, requestId: first.requestId });
    expect(JSON.parse(again.text)).toMatchObject({
      error: { code: 'idempotent_answer_not_kept' },
      receipt: { id: first.requestId, charge: receipt.charge },
    });
  });

  it('gives nothing to a token that may not buy any more, or not from there', async () => {
    const scopes = ['inference', 'usage', 'manage'] as const;
    const limited = await market.buyer('limited', { scopes });
    const own = market.operator.as(limited.apiToken);
    const { apiTokens } = await own.call('GET', '/api/account/api-tokens', ApiTokens);
    const path = `/api/account/api-tokens/${apiTokens[0]?.id}`;
    const { requestId } = await buy(0, 'limited', {}, limited);
    await market.receipt(limited, requestId);
    const repeat = async () => (await buy(1, 'limited', {}, limited)).code;
    expect(await repeat()).toBeUndefined();
    const elsewhere = { rules: { addresses: ['203.0.113.0/24'] } };
    await own.call('PATCH', path, UpdatedApiToken, elsewhere);
    expect(await repeat()).toBe('address_not_allowed');
    const tamed = { rules: { addresses: [] }, scopes: ['manage'] };
    await market.operator.call('PATCH', path, UpdatedApiToken, tamed);
    expect(await repeat()).toBe('scope_missing');
  });

  it('is free again after a request that nobody has served', async () => {
    const [before, { posted }] = [calls('bad'), await market.restingWallet(buyer)];
    for (let count = 1; count <= 2; count += 1) {
      expect(await outcome(count, 'failing', { model: 'hosted/bad' })).toMatchObject({
        status: 502,
      });
      await market.restingWallet(buyer);
      expect(calls('bad')).toBe(before + count);
    }
    expect((await market.restingWallet(buyer)).posted).toBe(posted);
  });

  it('lies in the database so that nobody can read the answer there', async () => {
    const { text, requestId } = await buy(0, 'secret');
    await market.receipt(buyer, requestId);
    const rows = await market.query<{ answer: Buffer | null }>(
      'SELECT answer FROM idempotency_key WHERE request_id = $1',
      [requestId],
    );
    expect(text).toContain('seven plain words');
    expect(rows).toHaveLength(1);
    expect(rows[0]?.answer?.toString('latin1')).not.toContain('plain');
  });
});
