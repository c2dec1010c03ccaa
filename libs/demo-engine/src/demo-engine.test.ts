import { request } from 'node:http';
import { countPromptTokens, countTextTokens } from '@aisbf/metering';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { type DemoEngine, startDemoEngine } from './demo-engine.js';

let engine: DemoEngine;
let client: OpenAI;

beforeAll(async () => {
  engine = await startDemoEngine({ tokenDelayMs: 0, bodyBytesMax: 100_000 });
  client = new OpenAI({ baseURL: engine.url, apiKey: 'any', maxRetries: 0 });
});

afterAll(() => engine.close());

const messages = [{ role: 'user' as const, content: 'Hello, 日本!' }];

describe('the official SDK', () => {
  it('lists the models', async () => {
    const ids = [];
    for await (const { id } of client.models.list()) ids.push(id);
    expect(ids).toEqual(['demo-small', 'demo-large']);
  });

  it('gets an answer with the usage that the market counts', async () => {
    const body = { model: 'demo-small', messages };
    const completion = await client.chat.completions.create(body);
    const text = completion.choices[0]?.message.content ?? '';
    expect(completion.choices[0]?.finish_reason).toBe('stop');
    expect(completion.usage).toEqual({
      prompt_tokens: countPromptTokens(body),
      completion_tokens: countTextTokens(text),
      total_tokens: countPromptTokens(body) + countTextTokens(text),
    });
    const again = await client.chat.completions.create(body);
    expect(again.choices).toEqual(completion.choices);
  });

  it('streams the same answer, with usage where it is asked for', async () => {
    const body = { model: 'demo-large', messages, max_completion_tokens: 70 };
    const whole = await client.chat.completions.create(body);
    const options = { stream: true, stream_options: { include_usage: true } } as const;
    const stream = await client.chat.completions.create({ ...body, ...options });
    let text = '';
    const chunks = [];
    for await (const chunk of stream) {
      chunks.push(chunk);
      text += chunk.choices[0]?.delta.content ?? '';
    }
    expect(text).toBe(whole.choices[0]?.message.content);
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('length');
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
  });

  it('streams no usage where nobody asked', async () => {
    const stream = await client.chat.completions.create({
      model: 'demo-small',
      messages,
      stream: true,
    });
    for await (const chunk of stream) expect(chunk).not.toHaveProperty('usage');
  });

  it('understands what is wrong', async () => {
    const unknown = client.chat.completions.create({ model: 'gpt-4o', messages });
    await expect(unknown).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
    const many = client.chat.completions.create({ model: 'demo-small', messages, n: 2 });
    await expect(many).rejects.toMatchObject({ status: 400, param: 'n' });
    const empty = client.chat.completions.create({ model: 'demo-small', messages: [] });
    await expect(empty).rejects.toMatchObject({ status: 400, param: 'messages' });
    await expect(client.embeddings.create({ model: 'x', input: 'y' })).rejects.toMatchObject({
      status: 404,
    });
  });
});

describe('bad input', () => {
  const post = (body: string) => fetch(`${engine.url}/chat/completions`, { method: 'POST', body });

  it.each(['', '{', 'null', '[]', '"x"', '{"model":"demo-small","messages":[null]}'])(
    'is refused: %j',
    async (body) => {
      const answer = await post(body);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
    },
  );

  it('may not be larger than allowed', async () => {
    const answer = await post(' '.repeat(100_001));
    expect(answer.status).toBe(413);
  });
});

describe('a client that hangs up', () => {
  it('stops the engine', async () => {
    const slow = await startDemoEngine({ tokenDelayMs: 60_000 });
    const body = JSON.stringify({ model: 'demo-small', messages, stream: true });
    await new Promise<void>((resolve, reject) => {
      const ask = request(`${slow.url}/chat/completions`, { method: 'POST' }, (answer) => {
        answer.once('data', () => ask.destroy());
        answer.on('error', () => resolve());
      });
      ask.on('error', reject).end(body);
    });
    // A timer that still ran would keep this process, and with it the test, from ending.
    await slow.close();
  });
});
