import { randomUUID } from 'node:crypto';
import { AttemptEnded, type Candidate } from '@aisbf/contracts';
import { NatsBus } from '@aisbf/platform';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  chatRequest,
  chunkEvent,
  done,
  type GatewayBench,
  openGateway,
  sayFine,
  sse,
  streamRequest,
  type UpstreamScript,
} from './gateway-bench.js';
import { hearAttempts } from './heard-attempts.js';

let bench: GatewayBench;
let bus: NatsBus;
let facts: AttemptEnded[];

beforeAll(async () => {
  bench = await openGateway();
  ({ bus, ended: facts } = await hearAttempts());
});

afterAll(async () => {
  await bench.close();
  await bus.close();
});

/** Until so much time is over: an upstream, or accounts, that takes it. */
function passing(ms: number): Promise<boolean> {
  const untilMs = performance.now() + ms;
  return until(() => performance.now() >= untilMs);
}

/** What the routers hear of one request. */
async function factOf(script: UpstreamScript, request: object): Promise<AttemptEnded> {
  const candidate = await bench.upstream(script);
  bench.peers.candidates = [candidate];
  const response = await bench.buy(request);
  await response.text().catch(() => undefined);
  return until(() => facts.find(({ providerId }) => providerId === candidate.providerId));
}

/** As that of a worker, whose broker this upstream is. */
function asSession(one: Candidate): Candidate {
  if (one.kind === 'session') return one;
  const { providerId, providerLabel, sellerOwnerId, model, outputTokensHeld } = one;
  return {
    ...{ providerId, providerLabel, sellerOwnerId, model, outputTokensHeld },
    ...{ kind: 'session', brokerUrl: new URL(one.url).origin },
    ...{ sessionId: randomUUID(), sessionEpoch: 1 },
  };
}

describe('what routers hear of an attempt', () => {
  it('at a worker that warms up: nothing bad, as its broker waits for it and so does the gateway', async () => {
    bench.peers.deadlines = { firstByteMs: 100, idleMs: 100, totalMs: 10_000 };
    const warming = await bench.upstream(async (_request, response) => {
      await passing(700);
      response.writeHead(200, sse).end(chunkEvent({ content: 'warm' }, 'stop') + done);
    });
    bench.peers.candidates = [asSession(warming)];
    const response = await bench.buy(streamRequest);
    expect(await response.text()).toContain('warm');
    const { providerId } = warming;
    const fact = await until(() => facts.find((one) => one.providerId === providerId));
    expect(fact).toMatchObject({ isSuccess: true, reason: null });
    expect(fact.firstByteMs).toBeGreaterThanOrEqual(600);
    expect((await bench.settlement()).attempts).toMatchObject([{ result: 'served' }]);
    bench.peers.restore();
  });

  it('of a stream: how long it took, and what came of it', async () => {
    const fact = await factOf(async (_request, response) => {
      response.writeHead(200, sse).write(chunkEvent({ content: 'one two' }));
      await passing(100);
      response.end(chunkEvent({ content: ' three' }, 'stop') + done);
    }, streamRequest);
    expect(fact).toMatchObject({ isSuccess: true, reason: null, outputTokens: 3 });
    expect(fact.streamMs).toBeGreaterThanOrEqual(90);
    expect(fact.firstByteMs).toBeGreaterThanOrEqual(0);
  });

  it('by which endpoint it was', async () => {
    expect(await factOf(sayFine, chatRequest)).toMatchObject({ endpoint: 'chat.completions' });
    const candidate = await bench.upstream((_request, response) => {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
    });
    bench.peers.candidates = [candidate];
    await (await bench.buy({ model: 'p/m', input: 'hello' }, {}, '/v1/embeddings')).text();
    const fact = await until(() =>
      facts.find(({ providerId }) => providerId === candidate.providerId),
    );
    expect(fact).toMatchObject({ endpoint: 'embeddings', reason: 'model_missing' });
  });

  it('of an answer that came whole: nothing of its pace', async () => {
    const fact = await factOf(sayFine, chatRequest);
    expect(fact).toMatchObject({ isSuccess: true });
    expect(fact).not.toHaveProperty('streamMs');
    expect(fact).not.toHaveProperty('outputTokens');
  });

  it('of a stream that broke: that it did, and nothing of its pace', async () => {
    const fact = await factOf((_request, response) => {
      response.writeHead(200, sse);
      response.write(chunkEvent({ content: 'half' }), () => response.destroy());
    }, streamRequest);
    expect(fact).toMatchObject({ isSuccess: false, reason: 'cut' });
    expect(fact).not.toHaveProperty('streamMs');
  });

  it.each([
    ['in seconds', 429, { 'retry-after': '7' }, 7_000],
    ['in milliseconds', 503, { 'retry-after': '7', 'retry-after-ms': '250' }, 250],
    [
      'by the limit that was met',
      429,
      { 'x-ratelimit-reset-requests': '1m2s', 'x-ratelimit-remaining-requests': '0' },
      62_000,
    ],
    ['by no limit where none was met', 500, { 'x-ratelimit-reset': '60' }, null],
  ])('of one that wants to be left alone: for how long, %s', async (_how, status, headers, ms) => {
    const fact = await factOf((_request, response) => {
      response.writeHead(status, headers).end('{}');
    }, chatRequest);
    expect(fact).toMatchObject({ isSuccess: false, retryAfterMs: ms });
  });

  it('of a stream that waited for money: no speed, which is not its own', async () => {
    bench.peers.extend = async () => {
      await passing(60);
      return { result: 'held', amount: '1' };
    };
    const words = 'one two three four five six seven eight nine ten';
    const candidate = await bench.upstream((_request, response) => {
      response.writeHead(200, sse).end(chunkEvent({ content: words }, 'stop') + done);
    });
    bench.peers.candidates = [{ ...candidate, outputTokensHeld: 2 }];
    await (await bench.buy(streamRequest)).text();
    const fact = await until(() =>
      facts.find(({ providerId }) => providerId === candidate.providerId),
    );
    expect(fact).toMatchObject({ isSuccess: true });
    expect(fact.streamMs).toBeGreaterThanOrEqual(50);
    expect(fact).not.toHaveProperty('outputTokens');
  });
});
