import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { payloadOf, ScriptedMarket } from './scripted-market.js';
import { startUpstream } from './scripted-upstream.js';
import { workUnder } from './worker-under-test.js';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** What the market is told of the models of an engine with these lists of its own. */
async function toldOf(models: readonly object[], native: Readonly<Record<string, unknown>>) {
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const list = native[request.url ?? ''];
    response.writeHead(list === undefined ? 404 : 200).end(JSON.stringify(list ?? 'no'));
  };
  const upstream = await startUpstream(answer, models);
  closers.push(upstream.close);
  const market = await ScriptedMarket.start();
  closers.push(() => market.close());
  const worker = await workUnder(market.url, { WORKER_UPSTREAM_URL: upstream.url });
  closers.push(worker.stop);
  const session = await market.session(0);
  await session.op('heartbeat');
  const list = payloadOf(await session.end(session.ask('models.list')));
  const paths = upstream.requests.map(({ url }) => url);
  return { paths, data: JSON.parse(String(list.body)).data };
}

describe('what engines tell of their models', () => {
  it('comes from Ollama’s lists', async () => {
    const row = { id: 'llama3.2:latest', object: 'model', owned_by: 'library' };
    const details = { family: 'llama', parameter_size: '3.2B', quantization_level: 'Q4_K_M' };
    const { data } = await toldOf([row], {
      '/api/tags': { models: [{ name: row.id, details }] },
      '/api/ps': { models: [{ name: row.id, context_length: 8192 }] },
    });
    expect(data).toMatchObject([{ ...row, context_length: 8192, parameter_size: '3.2B' }]);
  });

  it('comes from LM Studio’s list', async () => {
    const row = { id: 'gemma', owned_by: 'organization_owner' };
    const list = { data: [{ id: 'gemma', type: 'vlm', max_context_length: 32768 }] };
    const { data } = await toldOf([row], { '/api/v0/models': list });
    expect(data).toMatchObject([{ ...row, context_length: 32768, capabilities: ['vision'] }]);
  });

  it('comes from llama.cpp’s properties, and never over what its list says', async () => {
    const row = { id: 'a.gguf', owned_by: 'llamacpp', capabilities: ['completion'] };
    const props = {
      default_generation_settings: { n_ctx: 4096 },
      modalities: { vision: true },
    };
    const { data } = await toldOf([row], { '/props': props });
    expect(data).toEqual([{ ...row, context_length: 4096, input_modalities: ['text', 'image'] }]);
  });

  it('is nothing more where the engine is another, or does not answer', async () => {
    const vllm = { id: 'v', owned_by: 'vllm', max_model_len: 32768, root: '/models/v' };
    const hosted = await toldOf([vllm], {});
    expect(hosted.data).toEqual([{ id: 'v', owned_by: 'vllm', max_model_len: 32768 }]);
    expect(new Set(hosted.paths)).toEqual(new Set(['/v1/models']));
    const row = { id: 'x', owned_by: 'library' };
    expect((await toldOf([row], {})).data).toEqual([row]);
  });
});
