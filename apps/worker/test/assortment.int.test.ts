import { afterEach, describe, expect, it } from '@jest/globals';
import { type Frame, payloadOf, ScriptedMarket } from './scripted-market.js';
import { startUpstream } from './scripted-upstream.js';
import { workUnder } from './worker-under-test.js';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const rows = [{ id: 'llama:latest', max_model_len: 8192, root: '/home/ann' }, 'qwen', 'secret'];

/** An engine that answers with the body that it was sent. */
async function start(settings: Readonly<Record<string, string>>) {
  const upstream = await startUpstream((_request, response, body) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ model: 'its own', got: body.toString() }));
  }, rows);
  closers.push(upstream.close);
  const market = await ScriptedMarket.start();
  closers.push(() => market.close());
  const worker = await workUnder(market.url, { WORKER_UPSTREAM_URL: upstream.url, ...settings });
  closers.push(worker.stop);
  const session = await market.session(0);
  await session.op('heartbeat');
  const bodyOf = async (op: string, payload: Frame) => {
    const end = await session.end(session.ask(op, payload));
    return end.status === 'error' ? end.error : JSON.parse(String(payloadOf(end).body));
  };
  return { session, worker, upstream, bodyOf };
}

const settings = { WORKER_MODELS: 'qwen', WORKER_ALIASES: 'fast=llama' };
const notFound = expect.objectContaining({ code: 'model_not_found' });

describe('aliases and allowed models', () => {
  it('are what the market sees, with the details of their models', async () => {
    const { bodyOf } = await start(settings);
    const data = [
      { id: 'fast', max_model_len: 8192 },
      { id: 'qwen', object: 'model' },
    ];
    expect(await bodyOf('models.list', {})).toEqual({ object: 'list', data });
    const proxied = { endpoint_path: 'v1/models', method: 'GET' };
    expect(await bodyOf('proxy', proxied)).toEqual({ object: 'list', data });
    expect(await bodyOf('proxy', { ...proxied, query_params: { a: 1 } })).toMatchObject({ data });
    const one = (name: string) =>
      bodyOf('proxy', { ...proxied, endpoint_path: `v1/models/${name}` });
    expect(await one('fast')).toEqual(data[0]);
    expect(await one('secret')).toEqual(notFound);
  });

  it('become the upstream’s names, while the rest of the body and the answer stay', async () => {
    const { bodyOf, session } = await start(settings);
    const payload = '{ "seed": 18446744073709551615, "model" : "fast" , "t":1.0}';
    session.socket.send(`{"v":1,"op":"chat.completions","request_id":"r","payload":${payload}}`);
    const answer = JSON.parse(String(payloadOf(await session.end('r')).body));
    expect(answer).toEqual({ model: 'its own', got: payload.replace('fast', 'llama') });
    const proxy = { endpoint_path: 'v1/embeddings', method: 'POST' };
    const text = '{"model":"fast","input":"x"}';
    for (const form of [
      { body: { model: 'fast', input: 'x' } },
      { body: text },
      { body_base64: Buffer.from(text).toString('base64'), content_type: 'application/json' },
    ]) {
      const { got } = await bodyOf('proxy', { ...proxy, ...form });
      expect(got).toBe(text.replace('fast', 'llama'));
    }
    const fields = [
      { name: 'model', value: 'fast' },
      { name: 'prompt', value: 'fast' },
    ];
    const { got } = await bodyOf('proxy', { ...proxy, multipart: { fields } });
    expect(got.match(/\r\n\r\n(llama|fast)/g)).toEqual(['\r\n\r\nllama', '\r\n\r\nfast']);
  });

  it.each([
    ['an unlisted model', { model: 'secret' }],
    ['the hidden name of an alias', { model: 'llama' }],
    ['no model', { messages: [] }],
    ['a model that is no name', { model: ['qwen'] }],
  ])('keep buyers from %s, by every door', async (_what, body: Frame) => {
    const { bodyOf, upstream } = await start(settings);
    const asked = upstream.requests.length;
    const proxy = { endpoint_path: 'v1/chat/completions', method: 'POST' };
    const fields = Object.entries(body).map(([name, value]) => ({ name, value: String(value) }));
    expect(await bodyOf('chat.completions', body)).toEqual(notFound);
    expect(await bodyOf('proxy', { ...proxy, body })).toEqual(notFound);
    const base64 = Buffer.from(JSON.stringify(body)).toString('base64');
    expect(await bodyOf('proxy', { ...proxy, body_base64: base64 })).toEqual(notFound);
    if (!Array.isArray(body.model)) {
      expect(await bodyOf('proxy', { ...proxy, multipart: { fields } })).toEqual(notFound);
    }
    expect(upstream.requests).toHaveLength(asked);
  });

  it('cannot be slipped by naming two models', async () => {
    const { bodyOf, session } = await start(settings);
    const twice = { model: 'qwen', MODEL: 'secret' };
    expect(await bodyOf('chat.completions', twice)).toMatchObject({ code: 'invalid_request' });
    const doubled = '{"model":"secret","model":"qwen"}';
    session.socket.send(`{"v":1,"op":"chat.completions","request_id":"r","payload":${doubled}}`);
    const end = await session.end('r');
    expect(String(payloadOf(end).body)).not.toContain('secret');
    const raw = { endpoint_path: 'v1/audio/speech', method: 'POST', body_base64: 'AAECAw==' };
    expect(await bodyOf('proxy', raw)).toMatchObject({ code: 'invalid_request' });
  });

  it('that the upstream does not have are named to the seller', async () => {
    const { worker } = await start({ WORKER_ALIASES: 'a=gone', WORKER_MODELS: 'qwen,lost' });
    expect(await worker.line('upstream lacks a model')).toMatchObject({
      next: expect.stringContaining('lost, gone'),
    });
  });
});

describe('no choice', () => {
  it('passes every body on as it is', async () => {
    const { bodyOf } = await start({});
    const body = { model: 'not listed', MODEL: 1 };
    expect(await bodyOf('chat.completions', body)).toMatchObject({ got: JSON.stringify(body) });
    expect(await bodyOf('chat.completions', {})).toMatchObject({ got: '{}' });
  });
});
