import { once } from 'node:events';
import { connect } from 'node:net';
import type { Candidate } from '@aisbf/contracts';
import { Fault, type FaultKind } from '@aisbf/faults';
import { FakeRealtime, until } from '@aisbf/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import {
  candidateAt,
  chatRequest,
  type GatewayBench,
  json,
  openGateway,
  sayFine,
} from './gateway-bench.js';
import { RealtimeClient } from './realtime-client.js';

let bench: GatewayBench;
let upstream: FakeRealtime;

beforeAll(async () => {
  [bench, upstream] = await Promise.all([openGateway(), FakeRealtime.start()]);
});
beforeEach(() => {
  bench.peers.candidates = [model('upstream-model')];
  bench.peers.ticket = null;
  bench.peers.extend = () => ({ result: 'held', amount: '1' });
});
afterEach(() => bench.peers.restore());
afterAll(async () => {
  await bench.close();
  await upstream.stop();
});

function model(name: string): Candidate {
  return { ...candidateAt(upstream.url), model: name };
}

/** A second of speech as the API takes it, unless it is told otherwise. */
const second = Buffer.alloc(48_000).toString('base64');

const settlementOf = ({ requestId }: RealtimeClient) =>
  until(() => bench.peers.settlements.find((report) => report.requestId === requestId));

describe('a session', () => {
  it('is what the official client opens', async () => {
    const { hostname, port } = new URL(bench.url);
    const client = new OpenAI({ apiKey: bench.apiToken, baseURL: `${bench.url}/v1` });
    // The client insists on TLS, which stands in front of a gateway.
    const options = { createConnection: () => connect(Number(port), hostname) } as object;
    const session = new OpenAIRealtimeWS({ model: 'p/m', options }, client);
    const said = Promise.withResolvers<string>();
    session.on('error', said.reject);
    session.on('response.output_text.done', ({ text }) => said.resolve(text));
    session.on('session.created', () => {
      session.send({
        type: 'conversation.item.create',
        item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hello' }] },
      });
      session.send({ type: 'response.create' });
    });
    expect(await said.promise).toBe('A fake answer.');
    session.close();
    expect(await bench.settlement()).toMatchObject({
      outcome: 'completed',
      servedPosition: 0,
      units: { prompt_token: 8, completion_token: 4 },
    });
    expect(bench.peers.admits.at(-1)?.facts).toMatchObject({
      endpoint: 'realtime',
      route: 'p/m',
      outputTokensMax: 4_096,
    });
  });

  it('counts every prompt by itself, with all that was said before', async () => {
    const client = await RealtimeClient.open(bench);
    client.send({ type: 'session.update', session: { instructions: 'be kind' } });
    await client.wait('session.updated');
    client.ask('hello');
    await client.wait('response.done');
    client.ask('hello');
    await client.wait('response.done', 2);
    client.socket.close(1000);
    // A frame of 3, and 4 around each message: 2 words above, then one of the buyer's, then 4 of the answer's and one more.
    const first = 3 + (4 + 2) + (4 + 1);
    expect((await settlementOf(client)).units).toEqual({
      prompt_token: first + (first + (4 + 4) + (4 + 1)),
      completion_token: 8,
    });
  });

  it('is opened with what opens the upstream, and nothing of the buyer', async () => {
    const door = { ...model('far/away'), url: `${upstream.url}?version=2` } as Candidate;
    bench.peers.candidates = [door];
    const client = await RealtimeClient.open(bench, '/api/v1/realtime?model=p/m', ['realtime'], {
      headers: {
        ...{ authorization: `Bearer ${bench.apiToken}`, 'openai-beta': 'realtime=v1' },
        ...{ cookie: 'a=b', 'x-private': 'mine' },
      },
    });
    await client.wait('session.created');
    const call = upstream.calls.at(-1);
    expect(call?.url.search).toBe('?version=2&model=far%2Faway');
    expect(call?.headers).toMatchObject({
      authorization: 'Bearer upstream-key',
      'openai-beta': 'realtime=v1',
      'x-request-id': client.requestId,
    });
    const told = JSON.stringify(call?.headers);
    for (const secret of [bench.apiToken, 'a=b', 'mine']) expect(told).not.toContain(secret);
    expect(client.head).toMatchObject({
      'sec-websocket-protocol': 'realtime',
      'x-aisbf-provider': 'seller/gpu',
      'x-aisbf-attempts': '1',
    });
    expect(JSON.stringify(client.head)).not.toContain('upstream-key');
    client.socket.close();
  });

  it('is opened by browsers, whose token stands among the subprotocols and is not said again', async () => {
    const secret = `openai-insecure-api-key.${bench.apiToken}`;
    const client = await RealtimeClient.open(
      bench,
      '/v1/realtime?model=p/m',
      ['realtime', secret],
      {},
    );
    expect(client.socket.protocol).toBe('realtime');
    expect(bench.peers.admits.at(-1)?.apiToken).toBe(bench.apiToken);
    client.socket.close();
  });

  it.each([
    ['/api/u/alice/realtime?model=m', 'alice', 'm'],
    ['/api/u/alice/box/v1/realtime?model=m', 'alice', 'box/m'],
    ['/api/rotations/realtime?model=fast', null, 'rotation/fast'],
  ])('is opened at %s', async (path, pathUsername, route) => {
    const client = await RealtimeClient.open(bench, path);
    expect(bench.peers.admits.at(-1)).toMatchObject({ pathUsername, facts: { route } });
    client.socket.close();
  });

  it('takes the next candidate where one has none, and nobody notices', async () => {
    upstream.refuse('broken', 500);
    bench.peers.candidates = [model('broken'), candidateAt('http://127.0.0.1:1/v1'), model('good')];
    const client = await RealtimeClient.open(bench);
    client.ask('hello');
    await client.wait('response.done');
    client.socket.close(1000);
    expect(client.head['x-aisbf-attempts']).toBe('3');
    expect(await settlementOf(client)).toMatchObject({
      servedPosition: 2,
      outcome: 'completed',
      attempts: [
        { result: 'failed', reason: 'server_error', httpStatus: 500 },
        { result: 'failed', reason: 'unreachable' },
        { result: 'served', httpStatus: 101 },
      ],
    });
  });

  it('costs the seconds of sound that were passed on, either way, and each once', async () => {
    upstream.on('speaker', (call, { type }) => {
      if (type === 'input_audio_buffer.commit') call.answer(['hi'], { sound: second });
    });
    bench.peers.candidates = [model('speaker')];
    const client = await RealtimeClient.open(bench);
    for (let n = 0; n < 2; n += 1) {
      client.send({ type: 'input_audio_buffer.append', audio: second });
      client.send({ type: 'input_audio_buffer.append', audio: second.slice(0, 32_000) });
    }
    client.send({ type: 'input_audio_buffer.commit' });
    await client.wait('response.done');
    client.socket.close(1000);
    // 2 × 1.5 s heard, 1 s spoken.
    expect((await settlementOf(client)).units).toEqual({
      prompt_token: 3,
      completion_token: 1,
      audio_second: 4,
    });
  });

  it('takes the seller’s word only against itself', async () => {
    const usage = (text: number, cached: number) => ({
      input_tokens: text + 900,
      input_token_details: { text_tokens: text, cached_tokens_details: { text_tokens: cached } },
      output_tokens: 1e6,
      output_token_details: { text_tokens: 77 },
    });
    const said = [usage(1e6, 5), usage(9, 1e6)];
    upstream.on('boaster', (call, { type }) => {
      if (type === 'response.create') call.answer(['hi'], { usage: said.shift() ?? {} });
    });
    bench.peers.candidates = [model('boaster')];
    const client = await RealtimeClient.open(bench);
    client.ask('hello');
    await client.wait('response.done');
    client.ask('hello');
    await client.wait('response.done', 2);
    client.socket.close(1000);
    const settlement = await settlementOf(client);
    expect(settlement.units).toEqual({
      prompt_token: 8 - 5,
      cached_prompt_token: 5 + 9,
      completion_token: 2,
    });
    expect(settlement.reported).toMatchObject({ promptTokens: 8 + 9, completionTokens: 154 });
  });

  it('keeps its model, whatever is asked for', async () => {
    const client = await RealtimeClient.open(bench);
    const update = (name: string, eventId: string) =>
      client.send({ type: 'session.update', event_id: eventId, session: { model: name } });
    update('gpt-realtime', 'one');
    update('p/m', 'two');
    client.send({ type: 'response.create', response: { model: 'gpt-realtime' } });
    await client.wait('session.updated');
    await client.wait('error', 2);
    expect(client.events.filter(({ type }) => type === 'error')).toMatchObject([
      { error: { code: 'session_model_fixed', param: 'session.model', event_id: 'one' } },
      { error: { code: 'session_model_fixed', param: 'response.model' } },
    ]);
    expect(upstream.calls.at(-1)?.events).toMatchObject([
      { type: 'session.update', session: { model: 'upstream-model' } },
    ]);
    client.socket.close();
  });
});

describe('before the upgrade', () => {
  const refusal = (code: string, kind: FaultKind) =>
    new Fault({ code, kind, message: 'no', details: {} });

  it.each([
    [401, 'invalid_api_key', refusal('API_TOKEN_INVALID', 'unauthenticated')],
    [402, 'insufficient_balance', refusal('INSUFFICIENT_BALANCE', 'exhausted')],
    [404, 'model_not_found', refusal('MODEL_MISSING', 'missing')],
    [501, 'endpoint_unsupported', refusal('ENDPOINT_UNSUPPORTED', 'unsupported')],
  ])('the router’s refusal is a plain %i', async (status, code, fault) => {
    bench.peers.refusal = fault;
    const refused = await RealtimeClient.refused(bench);
    expect(refused).toMatchObject({ status, error: { code, message: 'no' } });
    expect(refused.headers['x-request-id']).toMatch(/^req_/);
  });

  it.each([
    ['no token', '/v1/realtime?model=p/m', {}, 401, 'invalid_api_key'],
    ['no model', '/v1/realtime', undefined, 400, 'missing_required_parameter'],
    ['two models', '/v1/realtime?model=a&model=b', undefined, 400, 'missing_required_parameter'],
    ['a call', '/v1/realtime?call_id=rtc_1', undefined, 501, 'call_unsupported'],
    ['another address', '/v1/nothing', undefined, 404, 'endpoint_missing'],
  ])('%s is refused, and nobody is asked', async (_what, path, headers, status, code) => {
    const { length } = bench.peers.admits;
    const refused = await RealtimeClient.refused(bench, path, headers);
    expect(refused).toMatchObject({ status, error: { code } });
    expect(bench.peers.admits).toHaveLength(length);
  });

  it('who asks for no upgrade is told to, and other upgrades are nobody’s business', async () => {
    const response = await bench.buy(
      undefined,
      { method: 'GET', body: null },
      '/v1/realtime?model=m',
    );
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'upgrade_missing' } });
    bench.peers.candidates = [await bench.upstream(sayFine)];
    const { hostname, port } = new URL(bench.url);
    const body = JSON.stringify(chatRequest);
    const socket = connect(Number(port), hostname);
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${bench.apiToken}\r\n` +
        'connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n' +
        `content-type: ${json['content-type']}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /);
    socket.destroy();
  });

  it('an upstream’s own words about the request come through, its key does not', async () => {
    const message = 'voice upstream-key is unknown';
    upstream.refuse('picky', 400, JSON.stringify({ error: { message } }));
    bench.peers.candidates = [model('picky')];
    const refused = await RealtimeClient.refused(bench);
    expect(refused.status).toBe(400);
    expect(refused.error.message).toBe('voice [credential] is unknown');
    expect(await bench.settlement()).toMatchObject({ outcome: 'not_served' });
  });

  it('one that sends on, or lies inside, is not followed', async () => {
    upstream.refuse('elsewhere', 302);
    const stranger = { ...model('upstream-model'), isOfOperator: false } as Candidate;
    const { length } = upstream.calls;
    bench.peers.candidates = [model('elsewhere'), stranger];
    expect(await RealtimeClient.refused(bench)).toMatchObject({ status: 502 });
    const { attempts } = await bench.settlement();
    expect(attempts.map(({ reason }) => reason)).toEqual(['redirected', 'egress_refused']);
    expect(upstream.calls).toHaveLength(length);
  });
});
