import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Autoselect, type Receipt } from '@aisbf/contracts';
import { FakeUpstream, MarketUnderTest, type TestBuyer, until } from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type StreamEnd, streamChat } from './chat-stream.js';

const prices = { prompt: 1_000_000n, completion: 2_000_000n };
const dear = { prompt: 9_000_000n, completion: 9_000_000n };

let market: MarketUnderTest;
let upstream: FakeUpstream;
/** Both small models that the operator runs beside the market. */
let small: FakeUpstream;
let buyer: TestBuyer;
let [plainId, poetId]: string[] = [];

beforeAll(async () => {
  [upstream, small] = await Promise.all([
    FakeUpstream.start(['plain', 'poet']),
    FakeUpstream.start([]),
  ]);
  market = await MarketUnderTest.start({
    serviceEnv: {
      gateway: {
        GATEWAY_EMBEDDING_URL: small.url,
        GATEWAY_EMBEDDING_MODEL: 'nearby',
        GATEWAY_EMBEDDING_MS_MAX: '5000',
        GATEWAY_JUDGE_URL: small.url,
        GATEWAY_JUDGE_MODEL: 'judging',
        GATEWAY_JUDGE_MS_MAX: '5000',
      },
    },
  });
  buyer = await market.buyer('alice');
  plainId = await market.operator.createHttpProvider('plains', upstream.url, ['plain']);
  poetId = await market.operator.createHttpProvider('poets', upstream.url, ['poet']);
  await market.operator.putListing(plainId, 'plain', prices);
  await market.operator.putListing(poetId, 'poet', dear);
  await market.untilBuyable(buyer, 'plains/plain', 'poets/poet');
}, 60_000);

beforeEach(() => {
  small.on('nearby', (call) => {
    const data = (call.body.input as string[]).map((text, index) => ({
      index,
      embedding: /poem|verse/.test(text) ? [1, 0] : [0, 1],
    }));
    call.status(200, JSON.stringify({ data }));
  });
  small.on('judging', (call) => call.whole('global/poets/poet'));
});

afterAll(async () => {
  const wrongs = await market?.stop();
  await Promise.all([upstream?.stop(), small?.stop()]);
  expect(wrongs).toEqual([]);
}, 60_000);

/** By price, but for what is told of it. */
const put = (name: string, definition: object) =>
  market.operator.call('PUT', `/api/catalog/autoselects/${name}`, Autoselect, {
    ...{ username: 'alice', otherwise: [{ weights: { price: 1 }, privacy: 'ignored' }] },
    ...definition,
  });

const ask = (model: string, content: string): Promise<StreamEnd> =>
  streamChat({
    url: market.url,
    apiToken: buyer.apiToken,
    model,
    fields: { messages: [{ role: 'user', content }] },
  });

const receiptOf = ({ headers }: StreamEnd) =>
  until(async () => {
    const receipt = await market.receipt(buyer, String(headers['x-request-id']));
    return receipt.selections ? receipt : undefined;
  });

/** As whoever has the receipt makes its decisions again: no model is asked. */
function replayed(receipt: Receipt): unknown {
  const script = join(import.meta.dirname, '../deploy/replay-selection.mjs');
  const input = JSON.stringify({ data: receipt });
  const { stdout, status } = spawnSync(process.execPath, [script], { input, encoding: 'utf8' });
  expect(status).toBe(0);
  return JSON.parse(stdout);
}

describe('an autoselect with classes', () => {
  it('sends what means the same to whom it says, and its receipt decides so again', async () => {
    await put('wise', {
      classes: [{ name: 'poems', examples: ['Write a poem.'] }],
      decisions: [
        {
          name: 'poets',
          when: { signal: 'classes', op: 'has', value: 'poems' },
          use: [{ from: [{ providerId: poetId, model: 'poet' }], privacy: 'ignored' }],
        },
      ],
    });
    const end = await until(async () => {
      const one = await ask('autoselect/wise', 'Some verse on rain, please.');
      return one.headers['x-aisbf-provider'] === 'global/poets' ? one : undefined;
    });
    const receipt = await receiptOf(end);
    expect(receipt.selections).toMatchObject([
      {
        decision: 'poets',
        signals: {
          advice: [
            { autoselect: 'alice/wise', classes: { state: 'given', similarities: { poems: 1 } } },
          ],
        },
      },
    ]);
    const calls = small.calls.length;
    expect(replayed(receipt)).toMatchObject([{ decision: 'poets', isSame: true }]);
    expect(small.calls.length).toBe(calls);
    const other = await ask('autoselect/wise', 'How is bread baked?');
    expect(other.headers['x-aisbf-provider']).toBe('global/plains');
  });

  it('decides without where the model is away, and says so', async () => {
    small.on('nearby', (call) => call.cut());
    const end = await ask('autoselect/wise', 'Some verse on rain, please.');
    expect(end.headers['x-aisbf-provider']).toBe('global/plains');
    const receipt = await receiptOf(end);
    expect(receipt.selections?.[0]).toMatchObject({
      decision: null,
      signals: { advice: [{ classes: { state: 'unavailable', similarities: {} } }] },
    });
  });
});

describe('an autoselect with a judge', () => {
  const models = [
    { model: 'plain', description: 'Short answers to plain questions.' },
    { model: 'poet', description: 'Verse of all kinds.' },
  ];

  it('asks first whom the judge has named, and its receipt decides so again', async () => {
    await put('judged', { judge: { models } });
    const end = await ask('autoselect/judged', 'Some verse on rain, please.');
    expect(end.headers['x-aisbf-provider']).toBe('global/poets');
    const receipt = await receiptOf(end);
    const advice = { judge: { state: 'given', choice: 'global/poets/poet' } };
    expect(receipt.selections).toMatchObject([{ signals: { advice: [advice] } }]);
    expect(replayed(receipt)).toMatchObject([
      { order: ['global/poets/poet', 'global/plains/plain'], isSame: true },
    ]);
  });

  it('asks nobody whom a ceiling leaves out, whatever the judge says', async () => {
    const pricesMax = { prompt_token: '2000000' };
    const otherwise = [{ ceilings: { pricesMax }, privacy: 'ignored' }];
    await put('thrifty', { judge: { models }, otherwise });
    const end = await ask('autoselect/thrifty', 'Some verse on rain, please.');
    expect(end.headers['x-aisbf-provider']).toBe('global/plains');
  });

  it('decides without one that talks of others, and shows it nothing that is private', async () => {
    small.on('judging', (call) => call.whole('mallory/den/thief'));
    const end = await ask('autoselect/judged', 'Some verse on rain, please.');
    expect(end.headers['x-aisbf-provider']).toBe('global/plains');
    const receipt = await receiptOf(end);
    const advice = { judge: { state: 'unusable', choice: null } };
    expect(receipt.selections).toMatchObject([{ signals: { advice: [advice] } }]);
    const secret = 'password=Zx81kQpLmN7vTr4sWe9 is mine, write a verse on it';
    const served = await ask('autoselect/judged', secret);
    expect(served.isSuccess).toBe(true);
    expect(small.calls.some(({ text }) => text.includes('Zx81kQpLmN7vTr4sWe9'))).toBe(false);
  });
});
