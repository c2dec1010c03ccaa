import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { endpointNames, endpointPaths } from '@aisbf/contracts';
import { FakeUpstream, MarketUnderTest, type TestBuyer, until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChatOpenAI, OpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { embedMany, generateImage, generateText, streamText, tool } from 'ai';
import { z } from 'zod';
import { costOf, unevenPrices } from './price.js';

let market: MarketUnderTest;
let upstream: FakeUpstream;
let buyer: TestBuyer;

const prices = { ...unevenPrices, others: { image: '40000001', request: '17' } };
const said = 'A fake answer of seven plain words.';

beforeAll(async () => {
  [market, upstream] = await Promise.all([
    MarketUnderTest.start(),
    FakeUpstream.start(['all', 'caller']),
  ]);
  upstream.on('caller', (call) => {
    const hasResult = JSON.stringify(call.body.messages).includes('"tool"');
    return hasResult
      ? call.answer(['It is ', 'sunny.'])
      : call.callTool('weather', '{"in":"Rome"}');
  });
  buyer = await market.buyer('alice');
  const shop = await market.shop('sam', 'sams', ['all', 'caller'], prices);
  await market.worker(shop, 'only', {
    upstreamUrl: upstream.url,
    env: { WORKER_ENDPOINTS: endpointNames.map((name) => `v1${endpointPaths[name]}`).join(',') },
  });
  const hosted = await market.operator.createHttpProvider('hosted', upstream.url, [
    'all',
    'caller',
  ]);
  for (const model of ['all', 'caller']) await market.operator.putListing(hosted, model, prices);
  await market.untilBuyable(buyer, 'sams/all', 'hosted/all', 'sams/caller', 'hosted/caller');
}, 60_000);

afterAll(async () => {
  const wrongs = await market?.stop();
  await upstream?.stop();
  expect(wrongs).toEqual([]);
}, 60_000);

/** Everything that has been bought is paid for, by what its units cost. */
async function settledSince(before: number, requests: number): Promise<void> {
  const receipts = await until(async () => {
    const rows = await market.query<{ units: Record<string, number>; captured: string }>(
      `SELECT units, captured::text FROM receipt ORDER BY created_at OFFSET $1`,
      [before],
    );
    return rows.length >= requests && rows;
  });
  expect(receipts).toHaveLength(requests);
  for (const { units, captured } of receipts) {
    expect(BigInt(captured)).toBe(costOf(units, prices));
    expect(BigInt(captured)).toBeGreaterThan(0n);
  }
}

async function receiptCount(): Promise<number> {
  const [row] = await market.query<{ count: string }>('SELECT count(*) FROM receipt');
  return Number(row?.count);
}

/** Runs what buys so often, and checks that each is paid for. */
async function buying<Result>(requests: number, run: () => Promise<Result>): Promise<Result> {
  const before = await receiptCount();
  const result = await run();
  await settledSince(before, requests);
  return result;
}

describe.each(['hosted', 'sams'])('the Vercel AI SDK at %s', (provider) => {
  const client = () =>
    createOpenAICompatible({
      name: 'market',
      baseURL: `${market.url}/v1`,
      apiKey: buyer.apiToken,
      includeUsage: true,
    });

  it('generates text', async () => {
    const model = client()(`${provider}/all`);
    const { text, finishReason } = await buying(1, async () =>
      generateText({ model, prompt: 'Hello.', maxRetries: 0 }),
    );
    expect([text, finishReason]).toEqual([said, 'stop']);
  });

  it('streams text', async () => {
    const model = client()(`${provider}/all`);
    const text = await buying(1, async () => {
      const parts: string[] = [];
      const { textStream } = streamText({ model, prompt: 'Hello.', maxRetries: 0 });
      for await (const part of textStream) parts.push(part);
      return parts.join('');
    });
    expect(text).toBe(said);
  });

  it('calls tools', async () => {
    const model = client()(`${provider}/caller`);
    const weather = tool({
      inputSchema: z.object({ in: z.string() }),
      execute: async () => 'sunny',
    });
    const { toolCalls } = await buying(1, async () =>
      generateText({ model, prompt: 'How is it?', tools: { weather }, maxRetries: 0 }),
    );
    expect(toolCalls).toMatchObject([{ toolName: 'weather', input: { in: 'Rome' } }]);
  });

  it('embeds texts', async () => {
    const model = client().embeddingModel(`${provider}/all`);
    const { embeddings } = await buying(1, async () =>
      embedMany({ model, values: ['one', 'two'], maxRetries: 0 }),
    );
    expect(embeddings).toHaveLength(2);
  });

  it('makes pictures', async () => {
    const model = client().imageModel(`${provider}/all`);
    const { images } = await buying(1, async () =>
      generateImage({ model, prompt: 'a cat', n: 2, maxRetries: 0 }),
    );
    expect(images).toHaveLength(2);
  });
});

describe.each(['hosted', 'sams'])('LangChain at %s', (provider) => {
  const options = () => ({
    apiKey: buyer.apiToken,
    configuration: { baseURL: `${market.url}/v1` },
    maxRetries: 0,
  });

  it('answers', async () => {
    const chat = new ChatOpenAI({ ...options(), model: `${provider}/all` });
    const { content } = await buying(1, () => chat.invoke('Hello.'));
    expect(content).toBe(said);
  });

  it('streams', async () => {
    const chat = new ChatOpenAI({ ...options(), model: `${provider}/all` });
    const text = await buying(1, async () => {
      const parts: string[] = [];
      for await (const { text: part } of await chat.stream('Hello.')) parts.push(part);
      return parts.join('');
    });
    expect(text).toBe(said);
  });

  it('calls tools', async () => {
    const chat = new ChatOpenAI({ ...options(), model: `${provider}/caller` });
    const schema = { name: 'weather', parameters: { type: 'object', properties: {} } };
    const bound = chat.bindTools([{ type: 'function', function: schema }]);
    const { tool_calls: calls } = await buying(1, () => bound.invoke('How is it?'));
    expect(calls).toMatchObject([{ name: 'weather', args: { in: 'Rome' } }]);
  });

  it('completes', async () => {
    const plain = new OpenAI({ ...options(), model: `${provider}/all` });
    expect(await buying(1, () => plain.invoke('Hello.'))).toBe(said);
  });

  it('embeds', async () => {
    const embeddings = new OpenAIEmbeddings({
      ...options(),
      model: `${provider}/all`,
      encodingFormat: 'float',
    });
    expect(await buying(1, () => embeddings.embedDocuments(['one', 'two']))).toHaveLength(2);
  });
});
