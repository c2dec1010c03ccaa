import { FakeUpstream, fakeResponse, MarketUnderTest, type TestBuyer } from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { unevenPrices } from './price.js';

let market: MarketUnderTest;
let upstream: FakeUpstream;
let buyer: TestBuyer;
let client: OpenAI;

const clientOf = ({ apiToken }: Pick<TestBuyer, 'apiToken'>) =>
  new OpenAI({ apiKey: apiToken, baseURL: `${market.url}/v1`, maxRetries: 0 });

beforeAll(async () => {
  [market, upstream] = await Promise.all([
    MarketUnderTest.start({
      serviceEnv: {
        accounts: { ACCOUNTS_RESPONSES_PER_OWNER_MAX: '50' },
        gateway: { GATEWAY_STORED_RESPONSE_BYTES_MAX: '20000' },
      },
    }),
    FakeUpstream.start(['say']),
  ]);
  buyer = await market.buyer('alice');
  client = clientOf(buyer);
  const { operator } = market;
  const hosted = await operator.createHttpProvider('hosted', upstream.url, ['say']);
  const native = await operator.createHttpProvider('native', upstream.url, ['say'], ['responses']);
  for (const provider of [hosted, native]) {
    await operator.putListing(provider, 'say', unevenPrices);
  }
  await market.untilBuyable(buyer, 'hosted/say', 'native/say');
}, 60_000);

afterAll(async () => {
  const wrongs = await market?.stop();
  await upstream?.stop();
  expect(wrongs).toEqual([]);
}, 60_000);

beforeEach(() => {
  upstream.calls.length = 0;
  upstream.on('say', (call) =>
    call.path === '/v1/responses'
      ? call.typed(fakeResponse(['I ', 'am Ann.']))
      : call.answer(['I ', 'am Ann.']),
  );
});

const sent = () => upstream.calls.at(-1)?.body;

describe.each(['hosted/say', 'native/say'])('a response of %s', (model) => {
  it('is kept, listed with its input, and forgotten when that is wished', async () => {
    const made = await client.responses.create({ model, input: 'Who are you?' });
    expect(await client.responses.retrieve(made.id)).toMatchObject({
      id: made.id,
      status: 'completed',
      output_text: 'I am Ann.',
    });
    const { data } = await client.responses.inputItems.list(made.id);
    expect(data).toMatchObject([
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Who are you?' }] },
    ]);
    await client.responses.delete(made.id);
    await expect(client.responses.retrieve(made.id)).rejects.toMatchObject({
      ...{ status: 404, code: 'response_missing' },
    });
  });

  it('is built on, whole or streamed, over several turns', async () => {
    const first = await client.responses.create({ model, input: 'Who are you?' });
    const second = await client.responses
      .stream({ model, input: 'Sure?', previous_response_id: first.id })
      .finalResponse();
    expect(second.previous_response_id).toBe(first.id);
    // Kept by itself: what it was built on may be gone.
    await client.responses.delete(first.id);
    await client.responses.create({ model, input: 'Bye.', previous_response_id: second.id });
    const said = ['Who are you?', 'I am Ann.', 'Sure?', 'I am Ann.', 'Bye.'];
    const body = sent();
    const turns = JSON.stringify(body?.messages ?? body?.input);
    let at = 0;
    for (const words of said) {
      at = turns.indexOf(JSON.stringify(words), at) + 1;
      expect(at).toBeGreaterThan(0);
    }
    expect(turns).not.toContain('msg_theirs');
    expect(body).not.toHaveProperty('previous_response_id');
    const listed = await client.responses.inputItems.list(second.id, { order: 'asc', limit: 2 });
    expect(listed.data).toHaveLength(2);
    expect(listed.has_more).toBe(true);
  });

  it('is nobody else’s, and not of another token either', async () => {
    const { id } = await client.responses.create({ model, input: 'Who are you?' });
    const other = clientOf(await market.buyer(`bob-${model.split('/')[0]}`));
    await expect(other.responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
    await expect(other.responses.delete(id)).rejects.toMatchObject({ status: 404 });
    await expect(
      other.responses.create({ model, input: 'x', previous_response_id: id }),
    ).rejects.toMatchObject({ status: 404, code: 'previous_response_not_found' });
    expect((await client.responses.retrieve(id)).id).toBe(id);
  });

  it('is not kept where that is not wished, or where it is too large', async () => {
    const unkept = await client.responses.create({ model, input: 'Who are you?', store: false });
    expect(unkept).toMatchObject({ store: false });
    const large = await client.responses.create({ model, input: 'long '.repeat(5_000) });
    expect(large).toMatchObject({ store: false });
    for (const { id } of [unkept, large]) {
      await expect(client.responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
    }
  });
});

it('cannot be cancelled, since none runs in the background', async () => {
  const { id } = await client.responses.create({ model: 'hosted/say', input: 'Who are you?' });
  await expect(client.responses.cancel(id)).rejects.toMatchObject({
    ...{ status: 400, code: 'response_not_cancellable' },
  });
  await expect(client.responses.cancel('resp_none')).rejects.toMatchObject({ status: 404 });
});
