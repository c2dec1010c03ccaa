import { randomUUID } from 'node:crypto';
import type { Candidate } from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  chatRequest,
  completion,
  type GatewayBench,
  json,
  openGateway,
  type UpstreamScript,
} from './gateway-bench.js';

let bench: GatewayBench;
let calls = 0;

beforeAll(async () => {
  bench = await openGateway();
});
beforeEach(() => {
  bench.peers.restore();
  calls = 0;
});
afterAll(() => bench.close());

const counting =
  (script: UpstreamScript): UpstreamScript =>
  (request, response, body) => {
    calls += 1;
    return script(request, response, body);
  };
const failing = counting((_request, response) => void response.writeHead(500, json).end('{}'));
const serving = counting((_request, response) => {
  response.writeHead(200, json).end(completion('fine'));
});

const pool = (count: number, script: UpstreamScript): Promise<Candidate[]> =>
  Promise.all(Array.from({ length: count }, () => bench.upstream(script)));

/** So many requests for one route of their own, some at a time; gives their statuses. */
async function storm(count: number, atOnce: number): Promise<number[]> {
  const model = `storm/${randomUUID()}`;
  const statuses: number[] = [];
  let left = count;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      const response = await bench.buy({ ...chatRequest, model });
      await response.text();
      statuses.push(response.status);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return statuses;
}

describe('with every upstream failing', () => {
  it.each([
    ['with an error', failing],
    [
      'with nonsense',
      counting((_request, response) => void response.writeHead(200, json).end('no')),
    ],
    ['by breaking off', counting((_request, response) => void response.destroy())],
  ])('%s, attempts stay below 1.2 of the requests', async (_how, script) => {
    bench.peers.candidates = await pool(4, script);
    const statuses = await storm(300, 20);
    expect(statuses.every((status) => status >= 500)).toBe(true);
    expect(calls).toBeGreaterThanOrEqual(300);
    expect(calls).toBeLessThanOrEqual(360);
  });

  it('tells buyers, and counts what was not tried', async () => {
    bench.peers.candidates = await pool(2, failing);
    await storm(50, 5);
    const metrics = await (await fetch(`${bench.url}/metrics`)).text();
    const refused = /^aisbf_gateway_retries_refused_total\{[^}]*\} (\d+)$/m.exec(metrics)?.[1];
    expect(Number(refused)).toBeGreaterThan(0);
  });
});

describe('with one upstream failing', () => {
  it('everybody is served by the next, however many come at once', async () => {
    const [bad, good] = [await bench.upstream(failing), await bench.upstream(serving)];
    bench.peers.candidates = [bad, good];
    const statuses = await storm(300, 60);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(calls).toBe(600);
  });

  it('retries wait for the first ones to show that they help', async () => {
    const open: (() => void)[] = [];
    const bad = await bench.upstream(failing);
    const slow = await bench.upstream(
      counting((_request, response) => {
        open.push(() => response.writeHead(200, json).end(completion('fine')));
      }),
    );
    bench.peers.candidates = [bad, slow];
    const done = storm(15, 15);
    // Fifteen have failed at the first; as many as the reserve are at the second.
    await until(() => calls >= 25 && open.length >= 10);
    expect(open.length).toBeLessThanOrEqual(11);
    while (open.length > 0) open.shift()?.();
    const finish = setInterval(() => open.shift()?.(), 5);
    expect((await done).filter((status) => status !== 200)).toEqual([]);
    clearInterval(finish);
  });
});

describe('what nobody had begun to work at', () => {
  it('is tried elsewhere without counting', async () => {
    const busy = await pool(6, failing);
    const good = await bench.upstream(serving);
    const sessions = busy.map((one): Candidate => {
      const { providerId, providerLabel, sellerOwnerId, model, outputTokensHeld } = one;
      const common = { providerId, providerLabel, sellerOwnerId, model, outputTokensHeld };
      const brokerUrl = one.kind === 'http' ? new URL(one.url).origin : '';
      return { ...common, kind: 'session', brokerUrl, sessionId: randomUUID(), sessionEpoch: 1 };
    });
    const refusing = await bench.upstream((_request, response) => {
      response.writeHead(503, { ...json, 'x-aisbf-fault': 'WORKER_BUSY' }).end('{}');
    });
    const brokerUrl = refusing.kind === 'http' ? new URL(refusing.url).origin : '';
    bench.peers.candidates = [
      ...sessions.map((one) => (one.kind === 'session' ? { ...one, brokerUrl } : one)),
      good,
    ];
    const statuses = await storm(40, 10);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(calls).toBe(40);
  });
});
