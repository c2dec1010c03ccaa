import { randomUUID } from 'node:crypto';
import { request as httpRequest, type ServerResponse } from 'node:http';
import { AttemptEnded, AttemptOutrun, type Candidate, subjects } from '@aisbf/contracts';
import { NatsBus } from '@aisbf/platform';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  chatRequest,
  chunkEvent,
  completion,
  done,
  type GatewayBench,
  json,
  openGateway,
  sse,
  streamRequest,
  type UpstreamScript,
} from './gateway-bench.js';
import { hearAttempts } from './heard-attempts.js';

let bench: GatewayBench;
let bus: NatsBus;
let facts: AttemptEnded[];
const outruns: AttemptOutrun[] = [];

beforeAll(async () => {
  bench = await openGateway();
  ({ bus, ended: facts } = await hearAttempts());
  bus.subscribe(subjects.attemptOutrun, AttemptOutrun, (fact) => outruns.push(fact));
  await bus.flush();
});
beforeEach(() => {
  bench.peers.restore();
  bench.peers.hedge = { afterMs: 50 };
});
afterAll(async () => {
  await bench.close();
  await bus.close();
});

/** An upstream that answers when it is told to. */
class Waiting {
  readonly calls: ServerResponse[] = [];
  left = 0;

  readonly script: UpstreamScript = (_request, response) => {
    this.calls.push(response);
    response.on('close', () => {
      if (!response.writableFinished) this.left += 1;
    });
  };

  answer(text: string): void {
    this.calls.at(-1)?.writeHead(200, json).end(completion(text));
  }
}

/** Two candidates that wait, under labels of their own. */
async function pair(): Promise<readonly [Waiting, Waiting, readonly Candidate[]]> {
  const [slow, second] = [new Waiting(), new Waiting()];
  const candidates = [
    { ...(await bench.upstream(slow.script)), providerLabel: 'sam/slow' },
    { ...(await bench.upstream(second.script)), providerLabel: 'eva/quick' },
  ];
  bench.peers.candidates = candidates;
  return [slow, second, candidates];
}

/** A budget of its own. */
const short = () => ({ ...chatRequest, model: `r/${randomUUID()}`, max_tokens: 20 });
const bothAsked = (...all: readonly Waiting[]) =>
  until(() => all.every(({ calls }) => calls.length === 1));

describe('a short request whose first candidate is slow', () => {
  it('is answered by the next, whose answer alone is paid for', async () => {
    const [slow, second, [first]] = await pair();
    const buying = bench.buy(short());
    await bothAsked(slow, second);
    second.answer('fine words');
    const response = await buying;
    expect(await response.text()).toBe(completion('fine words'));
    expect(response.headers.get('x-aisbf-provider')).toBe('eva/quick');
    expect(response.headers.get('x-aisbf-attempts')).toBe('2');
    expect(response.headers.get('x-aisbf-fallback-from')).toBe('sam/slow;reason=hedged');
    expect(await bench.settlement()).toMatchObject({
      outcome: 'completed',
      servedPosition: 1,
      units: { completion_token: 2 },
      attempts: [
        { position: 0, result: 'cancelled', reason: 'hedged', httpStatus: null },
        { position: 1, result: 'served', reason: null },
      ],
    });
    await until(() => slow.left === 1);
    await until(() =>
      facts.some(({ providerId }) => bench.peers.candidates[1]?.providerId === providerId),
    );
    expect(facts.filter(({ providerId }) => providerId === first?.providerId)).toEqual([]);
  });

  it('tells routers how long the slower stream takes at least', async () => {
    const [slow, second, [first]] = await pair();
    const buying = bench.buy({ ...short(), stream: true });
    await bothAsked(slow, second);
    second.calls[0]?.writeHead(200, sse).end(chunkEvent({ content: 'fine' }, 'stop') + done);
    await (await buying).text();
    const outrun = await until(() =>
      outruns.find(({ providerId }) => providerId === first?.providerId),
    );
    expect(outrun.waitedMs).toBeGreaterThanOrEqual(45);
  });

  it('is answered by the first where that is faster after all, and the hedge is stopped', async () => {
    const [slow, second] = await pair();
    const buying = bench.buy(short());
    await bothAsked(slow, second);
    slow.answer('late');
    const response = await buying;
    expect(await response.text()).toBe(completion('late'));
    expect(response.headers.get('x-aisbf-fallback-from')).toBeNull();
    expect(await bench.settlement()).toMatchObject({
      servedPosition: 0,
      attempts: [
        { position: 0, result: 'served' },
        { position: 1, reason: 'hedged' },
      ],
    });
    await until(() => second.left === 1);
  });

  it('gets one answer and pays for one where both answer at once', async () => {
    for (let round = 0; round < 20; round += 1) {
      const [slow, second] = await pair();
      const buying = bench.buy(short());
      await bothAsked(slow, second);
      slow.answer('one');
      second.answer('other');
      const response = await buying;
      const served = response.headers.get('x-aisbf-provider') === 'sam/slow' ? 0 : 1;
      expect(await response.text()).toBe(completion(served === 0 ? 'one' : 'other'));
      const { attempts, ...settlement } = await bench.settlement();
      expect(settlement).toMatchObject({ outcome: 'completed', servedPosition: served });
      expect(attempts[served]).toMatchObject({ position: served, result: 'served' });
      expect(attempts[1 - served]).toMatchObject({ result: 'cancelled', reason: 'hedged' });
    }
    expect(bench.peers.settlements.length).toBe(
      new Set(bench.peers.settlements.map((one) => one.requestId)).size,
    );
  });

  it.each([500, 400])('waits on for the first where the hedge fails with %i', async (status) => {
    const [slow, second] = await pair();
    const buying = bench.buy(short());
    await bothAsked(slow, second);
    second.calls[0]?.writeHead(status, json).end('{}');
    await until(() => second.calls[0]?.writableFinished);
    slow.answer('late');
    expect(await (await buying).text()).toBe(completion('late'));
    expect(await bench.settlement()).toMatchObject({
      servedPosition: 0,
      attempts: [
        { position: 0, result: 'served' },
        { position: 1, result: 'failed', httpStatus: status },
      ],
    });
  });

  it.each([500, 400])('is served by the hedge where the first fails with %i', async (status) => {
    const [slow, second] = await pair();
    const buying = bench.buy(short());
    await bothAsked(slow, second);
    slow.calls[0]?.writeHead(status, json).end('{}');
    await until(() => slow.calls[0]?.writableFinished);
    second.answer('fine');
    const response = await buying;
    expect(await response.text()).toBe(completion('fine'));
    expect(response.headers.get('x-aisbf-fallback-from')).toMatch(
      /^sam\/slow;reason=(server_error|request_refused)$/,
    );
    expect(await bench.settlement()).toMatchObject({ outcome: 'completed', servedPosition: 1 });
  });

  it('goes on to a third where both fail', async () => {
    const [slow, second, both] = await pair();
    const third = new Waiting();
    bench.peers.candidates = [...both, await bench.upstream(third.script)];
    const buying = bench.buy(short());
    await bothAsked(slow, second);
    slow.calls[0]?.destroy();
    second.calls[0]?.destroy();
    await bothAsked(third);
    third.answer('at last');
    expect(await (await buying).text()).toBe(completion('at last'));
    expect(await bench.settlement()).toMatchObject({
      servedPosition: 2,
      attempts: [{ result: 'failed' }, { result: 'failed' }, { result: 'served' }],
    });
  });

  it('is told what was wrong with it where both refuse it', async () => {
    const [slow, second] = await pair();
    const buying = bench.buy(short());
    await bothAsked(slow, second);
    for (const one of [slow, second]) one.calls[0]?.writeHead(400, json).end('{}');
    expect((await buying).status).toBe(400);
    expect(await bench.settlement()).toMatchObject({ outcome: 'not_served', units: {} });
  });

  it('stops both where its buyer hangs up, and costs nothing', async () => {
    const [slow, second] = await pair();
    const outgoing = httpRequest(new URL('/v1/chat/completions', bench.url), {
      method: 'POST',
      agent: false,
      headers: { authorization: `Bearer ${bench.apiToken}` },
    });
    outgoing.on('error', () => undefined);
    outgoing.end(JSON.stringify(short()));
    await bothAsked(slow, second);
    outgoing.destroy();
    await until(() => slow.left === 1 && second.left === 1);
    expect(await bench.settlement()).toMatchObject({
      outcome: 'not_served',
      servedPosition: null,
      attempts: [
        { result: 'cancelled', reason: null },
        { result: 'cancelled', reason: null },
      ],
    });
  });

  it('pays for what had left where its buyer hangs up on the hedge', async () => {
    const [slow, second] = await pair();
    const leaving = new AbortController();
    const buying = bench.buy({ ...short(), stream: true }, { signal: leaving.signal });
    await bothAsked(slow, second);
    second.calls[0]?.writeHead(200, sse).write(chunkEvent({ content: 'two words' }));
    const reader = (await buying).body?.getReader();
    await reader?.read();
    leaving.abort();
    await reader?.read().catch(() => undefined);
    expect(await bench.settlement()).toMatchObject({
      outcome: 'buyer_left',
      servedPosition: 1,
      units: { completion_token: 2 },
      attempts: [{ reason: 'hedged' }, { result: 'served' }],
    });
  });

  it('has a stream of one of them only, from its first word on', async () => {
    const [slow, second] = await pair();
    const buying = bench.buy({ ...short(), stream: true });
    await until(() => slow.calls.length === 1);
    // A head and a role are no answer yet.
    slow.calls[0]?.writeHead(200, sse).write(chunkEvent({ role: 'assistant', content: '' }));
    await bothAsked(slow, second);
    const words = chunkEvent({ content: 'fi' }) + chunkEvent({ content: 'ne' }, 'stop') + done;
    second.calls[0]?.writeHead(200, sse).end(words);
    expect(await (await buying).text()).toBe(words);
    await until(() => slow.left === 1);
    expect(await bench.settlement()).toMatchObject({ outcome: 'completed', servedPosition: 1 });
  });
});

describe('a request that is asked for once', () => {
  it.each<[string, object]>([
    ['its rotation says nothing', {}],
    ['it does not say how long its answer may be', { max_tokens: undefined }],
    ['its answer may be long', { max_tokens: 100_000 }],
  ])('since %s', async (what, part) => {
    if (what === 'its rotation says nothing') bench.peers.hedge = undefined;
    const [slow, second] = await pair();
    const buying = bench.buy({ ...short(), ...part });
    await bothAsked(slow);
    const untilMs = performance.now() + 150;
    await until(() => performance.now() >= untilMs);
    slow.answer('alone');
    expect(await (await buying).text()).toBe(completion('alone'));
    expect(second.calls).toEqual([]);
  });

  it('since it has begun to answer in time', async () => {
    const [slow, second] = await pair();
    const buying = bench.buy({ ...streamRequest, max_tokens: 20, model: `r/${randomUUID()}` });
    await bothAsked(slow);
    slow.calls[0]?.writeHead(200, sse).write(chunkEvent({ content: 'one' }));
    const response = await buying;
    const untilMs = performance.now() + 150;
    await until(() => performance.now() >= untilMs);
    slow.calls[0]?.end(chunkEvent({ content: ' two' }, 'stop') + done);
    await response.text();
    expect(second.calls).toEqual([]);
  });
});

describe('with every upstream slow', () => {
  it('attempts stay below 1.2 of the requests, and what fails is still tried again', async () => {
    let calls = 0;
    const slowly: UpstreamScript = async (_request, response) => {
      calls += 1;
      const untilMs = performance.now() + 40;
      await until(() => performance.now() >= untilMs);
      response.writeHead(200, json).end(completion('late'));
    };
    bench.peers.hedge = { afterMs: 5 };
    bench.peers.candidates = [await bench.upstream(slowly), await bench.upstream(slowly)];
    const request = short();
    let left = 200;
    const buyer = async () => {
      while (left > 0) {
        left -= 1;
        expect((await bench.buy(request)).status).toBe(200);
      }
    };
    await Promise.all(Array.from({ length: 20 }, buyer));
    expect(calls).toBeGreaterThan(200);
    expect(calls).toBeLessThanOrEqual(240);

    const [, good] = bench.peers.candidates;
    const bad = await bench.upstream((_request, response) => void response.writeHead(500).end());
    bench.peers.candidates = good ? [bad, good] : [];
    expect((await bench.buy(request)).status).toBe(200);
  });
});
