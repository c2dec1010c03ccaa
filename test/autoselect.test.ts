import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Autoselect, Provider, type Receipt, RouteExplanation } from '@aisbf/contracts';
import {
  FakeUpstream,
  MarketUnderTest,
  type TestBuyer,
  type TestShop,
  until,
} from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type StreamEnd, streamChat } from './chat-stream.js';
import { unevenPrices } from './price.js';

let market: MarketUnderTest;
/** Behind the one who promises to keep nothing, and behind the one who promises nothing and is cheaper. */
let discreet: FakeUpstream;
let curious: FakeUpstream;
let discreetShop: TestShop;
let buyer: TestBuyer;

const cheapPrices = { prompt: 1_000_000n, completion: 1_000_000n };
const privateKey = `Why does ssh refuse this?\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----`;

beforeAll(async () => {
  [market, discreet, curious] = await Promise.all([
    MarketUnderTest.start(),
    FakeUpstream.start(['model']),
    FakeUpstream.start(['model']),
  ]);
  buyer = await market.buyer('alice');
  discreetShop = await market.shop('sam', 'sams', ['model'], unevenPrices);
  const curiousShop = await market.shop('sue', 'sues', ['model'], cheapPrices);
  await market.worker(discreetShop, 'one', { upstreamUrl: discreet.url });
  await market.worker(curiousShop, 'one', { upstreamUrl: curious.url });
  await market.untilBuyable(buyer, 'sams/model', 'sues/model');
}, 60_000);

beforeEach(() => promise({ isCollected: false, isRetained: false }));

afterAll(async () => {
  const wrongs = await market?.stop();
  await Promise.all([discreet?.stop(), curious?.stop()]);
  expect(wrongs).toEqual([]);
}, 60_000);

const promise = (data: object) =>
  market.operator.call('PATCH', `/api/catalog/providers/${discreetShop.providerId}`, Provider, {
    data,
  });

const ask = (model: string, content: string, fields: object = {}): Promise<StreamEnd> =>
  streamChat({
    url: market.url,
    apiToken: buyer.apiToken,
    model,
    fields: { ...fields, messages: [{ role: 'user', content }] },
  });

/** Whether anything that came to them holds the text. */
const hasSeen = ({ calls }: FakeUpstream, text: string) =>
  calls.some((call) => call.text.includes(text));

async function explain(model: string, content: string): Promise<RouteExplanation> {
  const response = await fetch(`${market.url}/v1/route/explain`, {
    method: 'POST',
    headers: { authorization: `Bearer ${buyer.apiToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content }] }),
  });
  expect(response.status).toBe(200);
  return RouteExplanation.parse(await response.json());
}

/** As whoever has the receipt makes its decisions again. */
function replayed(receipt: Receipt): readonly unknown[] {
  const script = join(import.meta.dirname, '../deploy/replay-selection.mjs');
  const input = JSON.stringify({ data: receipt });
  const { stdout, stderr, status } = spawnSync(process.execPath, [script], {
    input,
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

describe('a prompt with a private key in it', () => {
  it('goes to whoever promises to keep nothing, and to nobody else', async () => {
    const end = await ask('autoselect/cheap', privateKey);
    expect(end.isSuccess).toBe(true);
    expect(end.headers['x-aisbf-provider']).toBe('sam/sams');
    expect(hasSeen(discreet, 'OPENSSH PRIVATE KEY')).toBe(true);
    expect(hasSeen(curious, 'OPENSSH PRIVATE KEY')).toBe(false);
  });

  it('is refused where nobody promises it, also on the routes named after it', async () => {
    await promise({ isCollected: false, isRetained: null });
    for (const model of ['autoselect/cheap', 'autoselect/private', 'autoselect/balanced:floor']) {
      for (const fields of [{}, { models: ['sues/model'] }]) {
        const end = await ask(model, privateKey, fields);
        expect([end.status, end.error?.code]).toEqual([422, 'privacy_unmet']);
        expect(end.headers['x-should-retry']).toBe('false');
      }
    }
    expect(hasSeen(curious, 'OPENSSH PRIVATE KEY')).toBe(false);
  });

  it('stays private where its autoselect is not there at all', async () => {
    const end = await ask('autoselect/gone', privateKey, { models: ['sues/model'] });
    expect([end.status, end.error?.code]).toEqual([404, 'model_not_found']);
    expect(hasSeen(curious, 'OPENSSH PRIVATE KEY')).toBe(false);
  });

  it('goes where its buyer says, where no autoselect is asked', async () => {
    const end = await ask('sues/model', privateKey.replaceAll('OPENSSH', 'OTHER'));
    expect(end.headers['x-aisbf-provider']).toBe('sue/sues');
  });
});

describe('an autoselect', () => {
  it('takes the cheapest for a prompt that anybody may see', async () => {
    const end = await ask('autoselect/cheap', 'Name three rivers of Asia.');
    expect(end.headers['x-aisbf-provider']).toBe('sue/sues');
  });

  it('of the name of a built-in one takes its place, and leaves it again', async () => {
    const wished = {
      username: 'alice',
      decisions: [
        {
          name: 'poems',
          when: { signal: 'metadata.kind', op: 'in', value: ['poem'] },
          use: [{ weights: { price: 1 } }],
        },
      ],
      otherwise: [{ ceilings: { sources: ['hosted'] } }],
    };
    const path = '/api/catalog/autoselects/cheap';
    await market.operator.call('PUT', path, Autoselect, wished);
    const refused = await ask('autoselect/cheap', 'Anything.');
    expect([refused.status, refused.error?.code]).toEqual([503, 'selection_empty']);
    const poem = await ask('autoselect/cheap', 'Anything.', { metadata: { kind: 'poem' } });
    expect(poem.headers['x-aisbf-provider']).toBe('sue/sues');
    const gone = await fetch(`${market.url}${path}?username=alice`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${market.operator.apiToken}` },
    });
    expect(gone.status).toBe(204);
    expect((await ask('autoselect/cheap', 'Anything.')).isSuccess).toBe(true);
  });

  it('says by what it has decided, and nothing of the prompt', async () => {
    const explanation = await explain('autoselect/cheap', `${privateKey} zebra`);
    const [record] = explanation.selections ?? [];
    expect(record?.signals?.private).toEqual(['private_key']);
    expect(record?.outcomes[0]?.excluded).toEqual([
      { name: 'sue/sues/model', by: ['not_private'] },
    ]);
    expect(explanation.candidates.map(({ provider }) => provider)).toEqual(['sam/sams']);
    expect(JSON.stringify(explanation)).not.toMatch(/zebra|OPENSSH/);
  });

  it('says it also where nobody is left, and of whom', async () => {
    await promise({ isCollected: false, isRetained: null });
    const explanation = await explain('autoselect/cheap', privateKey);
    expect(explanation).toMatchObject({ refusal: { code: 'privacy_unmet' }, candidates: [] });
    expect(explanation.selections?.[0]?.outcomes[0]?.excluded.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['sam/sams/model', 'sue/sues/model']),
    );
  });

  it('stands on the receipt with all that it was decided by, so that it can be decided again', async () => {
    const end = await ask('autoselect/cheap', `${privateKey} zebra`, { models: ['sues/model'] });
    const requestId = String(end.headers['x-request-id']);
    const receipt = await until(async () => {
      const told = await market.receipt(buyer, requestId);
      return told.selections && told;
    });
    expect(receipt.candidates.map(({ provider }) => provider)).toEqual(['sam/sams']);
    expect(receipt.attempts.map(({ provider }) => provider)).toEqual(['sam/sams']);
    expect(receipt.rejections).toEqual([
      { providerLabel: 'sue/sues', model: 'model', reason: 'not_private' },
    ]);
    expect(receipt.selections).toMatchObject([
      {
        autoselect: 'global/cheap',
        signals: { private: ['private_key'] },
        outcomes: [
          {
            ranking: [[{ name: 'sam/sams/model' }]],
            excluded: [{ name: 'sue/sues/model', by: ['not_private'] }],
          },
        ],
      },
    ]);
    expect(JSON.stringify(receipt)).not.toMatch(/zebra|OPENSSH/);
    const [again] = replayed(receipt);
    expect(again).toEqual({
      autoselect: 'global/cheap',
      decision: null,
      order: ['sam/sams/model'],
      omitted: 0,
      isSame: true,
    });
  });

  it('is not told of a request that asked for none', async () => {
    const end = await ask('sues/model', 'Anything.');
    const receipt = await market.receipt(buyer, String(end.headers['x-request-id']));
    expect(receipt).not.toHaveProperty('selections');
    expect(receipt.candidates.map(({ provider }) => provider)).toEqual(['sue/sues']);
  });
});
