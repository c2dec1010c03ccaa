import { createServer } from 'node:http';
import { type Candidate } from '@aisbf/contracts';
import { listenOnLoopback, until } from '@aisbf/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  candidateAt,
  chatRequest,
  completion,
  type GatewayBench,
  json,
  openGateway,
  sayFine,
} from './gateway-bench.js';
import { hearAttempts } from './heard-attempts.js';

let bench: GatewayBench;
/** Where users' providers may be in these tests, beside the internet. */
const allowedHost = '127.0.0.2';
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  bench = await openGateway({
    AISBF_EGRESS_ALLOWED: allowedHost,
    AISBF_EGRESS_PLAIN_HTTP: 'true',
    GATEWAY_SETTLE_RETRY_MS: '20',
  });
});
afterEach(async () => {
  bench.peers.restore();
  await Promise.all(closing.splice(0).map((close) => close()));
});
afterAll(() => bench.close());

/** As the router names one whose owner is not the operator; an earlier router names all of them so. */
function ofUser(url: string, ownHeaders: Readonly<Record<string, string>> = {}): Candidate {
  const { isOfOperator: _, ...candidate } = candidateAt(url) as Extract<
    Candidate,
    { kind: 'http' }
  >;
  return { ...candidate, headers: { ...candidate.headers, ...ownHeaders } };
}

type Seen = { url: string | undefined; headers: NodeJS.Dict<string | string[]> };

/** An upstream that counts who knocks. */
async function door(address: string, answer: (url: string) => readonly [number, object, string]) {
  const seen: Seen[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    seen.push({ url: request.url, headers: request.headers });
    const [status, headers, body] = answer(request.url ?? '');
    response.writeHead(status, { ...headers }).end(body);
  });
  server.on('connection', () => {
    connections += 1;
  });
  const listening = await listenOnLoopback(server, 0, address);
  closing.push(listening.stop);
  return { ...listening, seen, connections: () => connections };
}

const fine = () => [200, json, completion('fine')] as const;

describe('a provider whose address leads inside', () => {
  it('is not called; the next one serves, and the receipt says why', async () => {
    const inner = await door('127.0.0.1', fine);
    for (const host of ['127.0.0.1', 'localhost', '2130706433', '[::ffff:127.0.0.1]']) {
      bench.peers.candidates = [
        ofUser(`http://${host}:${inner.port}/v1`),
        await bench.upstream(sayFine),
      ];
      const response = await bench.buy(chatRequest);
      expect(await response.text()).toBe(completion('fine'));
      expect((await bench.settlement()).attempts).toMatchObject([
        { result: 'failed', reason: 'egress_refused', httpStatus: null },
        { result: 'served' },
      ]);
    }
    expect(inner.connections()).toBe(0);
  });

  it('is told of to the routers, and to buyers without an address', async () => {
    const { bus, ended: heard } = await hearAttempts();
    closing.push(() => bus.close());
    const candidate = ofUser('http://169.254.169.254/latest');
    bench.peers.candidates = [candidate];
    const response = await bench.buy(chatRequest);
    expect(response.status).toBe(502);
    expect(await response.text()).not.toMatch(/169\.254|latest|egress/);
    const { providerId } = candidate;
    const ended = await until(() => heard.find((one) => one.providerId === providerId));
    expect(ended).toMatchObject({ isSuccess: false, reason: 'egress_refused' });
    const metrics = await (await fetch(`${bench.url}/metrics`)).text();
    expect(metrics).toMatch(/aisbf_gateway_egress_refusals_total{reason="address".*} \d+/);
  });

  it('is not reached over a connection that was opened for the operator', async () => {
    const inner = await door('127.0.0.1', fine);
    const url = `${inner.url}/v1`;
    for (const [candidate, status] of [
      [candidateAt(url), 200],
      [ofUser(url), 502],
      [candidateAt(url), 200],
    ] as const) {
      bench.peers.candidates = [candidate];
      const response = await bench.buy(chatRequest);
      await response.text();
      expect(response.status).toBe(status);
    }
    expect([inner.seen.length, inner.connections()]).toEqual([2, 1]);
  });
});

describe('a provider that sends on to somewhere else', () => {
  it.each([301, 302, 303, 307, 308])('with %d is not followed, and has failed', async (status) => {
    const inner = await door('127.0.0.1', fine);
    const outer = await door(allowedHost, () => [status, { location: `${inner.url}/v1` }, '']);
    bench.peers.candidates = [ofUser(`${outer.url}/v1`)];
    const response = await bench.buy(chatRequest);
    expect(response.status).toBe(502);
    expect(await response.text()).not.toContain(String(inner.port));
    expect((await bench.settlement()).attempts).toMatchObject([
      { result: 'failed', reason: 'redirected', httpStatus: status },
    ]);
    expect([outer.seen.length, inner.connections()]).toEqual([1, 0]);
  });
});

describe('a provider of a user', () => {
  it('quotes none of what opens it to the buyer, be it in a header or in the URL', async () => {
    const secrets = ['sk-in-a-header', 'sk-in-the-url'];
    const message = `bad temperature for ${secrets.join(' and ')} in version 1`;
    const outer = await door(allowedHost, () => [
      400,
      json,
      JSON.stringify({ error: { message } }),
    ]);
    const headers = { 'api-key': 'sk-in-a-header', 'x-version': '1' };
    bench.peers.candidates = [ofUser(`${outer.url}/v1?key=sk-in-the-url&v=1`, headers)];
    const text = await (await bench.buy(chatRequest)).text();
    for (const secret of secrets) expect(text).not.toContain(secret);
    expect(text).toContain('bad temperature for [credential] and [credential] in version 1');
  });

  it('is called where the settings allow it, with its own headers, path and query', async () => {
    const outer = await door(allowedHost, fine);
    const base = `${outer.url}/openai/deployments/my%20gpt?api-version=2024-10-21&key=a%26b`;
    bench.peers.candidates = [ofUser(base, { 'api-key': 'sk-1', 'x-title': 'market' })];
    const response = await bench.buy(chatRequest);
    expect(await response.text()).toBe(completion('fine'));
    expect(outer.seen).toMatchObject([
      {
        url: '/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21&key=a%26b',
        headers: { 'api-key': 'sk-1', 'x-title': 'market' },
      },
    ]);
  });
});
