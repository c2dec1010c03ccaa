import type { WorkerProcess } from '@aisbf/one-machine';
import {
  FakeUpstream,
  MarketUnderTest,
  type TestBuyer,
  type TestShop,
  type UpstreamModel,
  until,
} from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { streamChat } from './chat-stream.js';

type Machine = Readonly<{ worker: WorkerProcess; upstream: FakeUpstream }>;
type Line = Readonly<{ id: string; [field: string]: unknown }>;

let market: MarketUnderTest;
let buyer: TestBuyer;
let shop: TestShop;
/** Two machines of one provider: one sees little, the other sees images. */
let modest: Machine;
let grand: Machine;

const common = { id: 'common', parameter_size: '3.2B', quantization: 'Q4_K_M' };
const small = { id: 'small', capabilities: ['completion'], max_output_tokens: 64 };
/** Nobody else has a shop. */
const routeOf = (model: string) => `shop/${model}`;

async function openMachine(clientId: string, models: readonly UpstreamModel[]): Promise<Machine> {
  const upstream = await FakeUpstream.start(models);
  const worker = await market.worker(shop, clientId, {
    upstreamUrl: upstream.url,
    env: { WORKER_MODELS_POLL_MS: '200' },
  });
  return { upstream, worker };
}

beforeAll(async () => {
  market = await MarketUnderTest.start();
  buyer = await market.buyer('alice');
  shop = await market.shop('sam', 'shop', ['common', 'small', 'large', 'later']);
  [modest, grand] = await Promise.all([
    openMachine('modest', [{ ...common, context_length: 512 }, small]),
    openMachine('grand', [
      { ...common, context_length: 8_192, quantization: 'Q8_0' },
      { id: 'large', input_modalities: ['text', 'image'] },
    ]),
  ]);
  await until(async () => (await contextOf('common')) === 512);
  await market.untilBuyable(buyer, routeOf('small'), routeOf('large'));
}, 60_000);

afterAll(async () => {
  const wrongs = await market?.stop();
  await Promise.all([modest, grand].map((machine) => machine?.upstream.stop()));
  expect(wrongs).toEqual([]);
}, 60_000);

async function lines(): Promise<readonly Line[]> {
  const headers = { authorization: `Bearer ${buyer.apiToken}` };
  const response = await fetch(`${market.url}/v1/models`, { headers });
  const { data } = (await response.json()) as { data: readonly Line[] };
  return data.filter(({ owned_by: owner }) => owner === 'sam');
}

const names = async () => (await lines()).map(({ id }) => id.split('/').at(-1));
const lineOf = async (model: string) => (await lines()).find(({ id }) => id === routeOf(model));
const contextOf = async (model: string) => (await lineOf(model))?.context_length;

const ask = (model: string, fields: object = {}, onText?: (text: string) => void) =>
  streamChat({
    url: market.url,
    apiToken: buyer.apiToken,
    model: routeOf(model),
    fields: { ...fields },
    ...(onText && { onText }),
  });
const showing = {
  messages: [
    {
      role: 'user',
      content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } }],
    },
  ],
};
const saying = (words: number) => ({
  messages: [{ role: 'user', content: 'word '.repeat(words) }],
});

describe('the models of two machines of one provider', () => {
  it('are listed together, with what holds whichever serves', async () => {
    expect(await names()).toEqual(['common', 'large', 'small']);
    expect(await lineOf('common')).toMatchObject({
      context_length: 512,
      parameter_size: '3.2B',
      endpoints: ['/v1/chat/completions'],
    });
    expect(await lineOf('common')).not.toHaveProperty('quantization');
    expect(await lineOf('small')).toMatchObject({
      input_modalities: ['text'],
      max_output_tokens: 64,
    });
    expect(await lineOf('large')).toMatchObject({ input_modalities: ['text', 'image'] });
  });

  it('get what they can take: a long prompt goes where it fits, an image where it is seen', async () => {
    for (const _time of Array(6)) {
      expect(await ask('common', saying(2_000))).toMatchObject({ isSuccess: true });
    }
    expect(grand.upstream.callsOf('common')).toHaveLength(6);
    expect(modest.upstream.callsOf('common')).toHaveLength(0);
    expect(await ask('large', showing)).toMatchObject({ isSuccess: true });
  });

  it('refuse what none of them can take, for good', async () => {
    const tooLong = await ask('common', saying(10_000));
    expect(tooLong).toMatchObject({ status: 400, error: { code: 'context_length_exceeded' } });
    const unseen = await ask('small', showing);
    expect(unseen).toMatchObject({ status: 400, error: { code: 'input_unsupported' } });
    expect(unseen.headers['x-should-retry']).toBe('false');
    expect(modest.upstream.callsOf('small')).toHaveLength(0);
  });

  it('change while a stream runs, and leave it alone', async () => {
    const isListed = Promise.withResolvers<void>();
    modest.upstream.on('small', async (call) => {
      await call.say('Still ');
      await isListed.promise;
      await call.answer(['here.']);
    });
    const begun = Promise.withResolvers<void>();
    const ending = ask('small', {}, () => begun.resolve());
    await begun.promise;
    modest.upstream.offer([{ ...common, context_length: 1_024 }, 'later']);
    await until(async () => (await names()).join() === 'common,large,later');
    expect(await contextOf('common')).toBe(1_024);
    expect(await ask('small')).toMatchObject({ status: 503, error: { code: 'no_candidate' } });
    isListed.resolve();
    expect(await ending).toMatchObject({ isSuccess: true, text: 'Still here.' });
    expect(await ask('later')).toMatchObject({ isSuccess: true });
  }, 30_000);

  it('are gone with the last machine that has them, and only they', async () => {
    await modest.worker.kill('SIGKILL');
    await until(async () => (await names()).join() === 'common,large');
    expect(await lineOf('common')).toMatchObject({ context_length: 8_192, quantization: 'Q8_0' });
    expect(await ask('later')).toMatchObject({ status: 503, error: { code: 'no_candidate' } });
    expect(await ask('common')).toMatchObject({ isSuccess: true });
  }, 30_000);
});
