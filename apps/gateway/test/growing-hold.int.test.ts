import type { Candidate, Extend } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { chunkEvent, done, openGateway, sse, type UpstreamScript } from './gateway-bench.js';

let bench: Awaited<ReturnType<typeof openGateway>>;

beforeAll(async () => {
  bench = await openGateway({
    GATEWAY_HOLD_STEP_TOKENS: '32',
    GATEWAY_HOLD_MARGIN_TOKENS: '8',
    GATEWAY_HOLD_RETRY_MS: '5',
  });
});
beforeEach(() => {
  bench.peers.extend = () => ({ result: 'held', amount: '1' });
});
afterAll(() => bench.close());

/** Each is one token by every measure. */
const word = ' word';
const words = (count: number) =>
  Array.from({ length: count }, () => chunkEvent({ content: word })).join('');

const streamOf =
  (text: string): UpstreamScript =>
  (_request, response) =>
    void response.writeHead(200, sse).end(text);

async function serveFrom(script: UpstreamScript, change: Partial<Candidate>): Promise<void> {
  bench.peers.candidates = [{ ...(await bench.upstream(script)), ...change } as Candidate];
}

async function stream(fields: object = {}) {
  const response = await fetch(`${bench.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bench.apiToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'p/m',
      messages: [{ role: 'user', content: 'hello' }],
      stream: true,
      ...fields,
    }),
  });
  const text = await response.text();
  const events = text
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'))
    .map((event) => JSON.parse(event.slice(6)));
  const said = events.map(({ choices }) => choices?.[0]?.delta?.content ?? '').join('');
  const requestId = response.headers.get('x-request-id');
  const settlement = await until(() =>
    bench.peers.settlements.find((report) => report.requestId === requestId),
  );
  const extensions = bench.peers.extensions.filter((one) => one.requestId === requestId);
  return { text, events, said, settlement, extensions };
}

const wanted = ({ units }: Extend) => units.completion_token;

describe('a stream that needs more than was held', () => {
  it('is paid for step by step, and passes on whole', async () => {
    await serveFrom(streamOf(words(100) + chunkEvent({}, 'stop') + done), { outputTokensHeld: 20 });
    const { said, text, settlement, extensions } = await stream();
    expect(said).toBe(word.repeat(100));
    expect(text.endsWith(done)).toBe(true);
    expect(extensions.map(wanted)).toEqual([52, 84, 116]);
    expect(extensions[0]).toMatchObject({
      ticket: 'as the router has sealed it',
      holdEpoch: 1,
      servedPosition: 0,
      units: { prompt_token: 8 },
    });
    expect(settlement).toMatchObject({
      ticket: 'as the router has sealed it',
      outcome: 'completed',
      finishReason: 'stop',
      units: { completion_token: 100 },
    });
  });

  it('asks nobody while the hold is large enough, or where tokens are free', async () => {
    for (const outputTokensHeld of [200, null]) {
      await serveFrom(streamOf(words(100) + chunkEvent({}, 'stop') + done), { outputTokensHeld });
      expect(await stream()).toMatchObject({ said: word.repeat(100), extensions: [] });
    }
  });

  it('asks for nothing in advance where the buyer wants no more than is held', async () => {
    await serveFrom(streamOf(words(20) + chunkEvent({}, 'length') + done), {
      outputTokensHeld: 20,
    });
    expect(await stream({ max_tokens: 20 })).toMatchObject({
      said: word.repeat(20),
      extensions: [],
    });
  });

  it('goes on while the question is out, and waits only at the end of what is held', async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    bench.peers.extend = async () => {
      asked.resolve();
      await answer.promise;
      return { result: 'held', amount: '1' };
    };
    const passed: string[] = [];
    await serveFrom(
      async (_request, response) => {
        response.writeHead(200, sse).write(words(16));
        await asked.promise;
        response.write(words(34) + chunkEvent({}, 'stop') + done, () => response.end());
      },
      { outputTokensHeld: 20 },
    );
    const response = await fetch(`${bench.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bench.apiToken}` },
      body: JSON.stringify({
        model: 'p/m',
        messages: [{ role: 'user', content: 'x' }],
        stream: true,
      }),
    });
    const reader = response.body?.getReader();
    const saidSoFar = () => passed.join('').split(word).length - 1;
    while (saidSoFar() < 20) {
      passed.push(Buffer.from((await reader?.read())?.value ?? []).toString());
    }
    expect(saidSoFar()).toBe(20);
    answer.resolve();
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      passed.push(Buffer.from(part.value).toString());
    }
    expect(saidSoFar()).toBe(50);
  });

  it('asks again where the answer was lost', async () => {
    const asked: string[] = [];
    bench.peers.extend = ({ requestId }) => {
      asked.push(requestId);
      if (asked.filter((one) => one === requestId).length < 3)
        throw new Fault({ code: 'X', kind: 'unavailable', message: '', details: {} });
      return { result: 'held', amount: '1' };
    };
    await serveFrom(streamOf(words(40) + chunkEvent({}, 'stop') + done), { outputTokensHeld: 20 });
    const { said, extensions } = await stream();
    expect(said).toBe(word.repeat(40));
    expect(extensions.map(wanted)).toEqual([52, 52, 52]);
  });
});

describe('a stream whose money ends', () => {
  it('ends at what is paid for, honestly, and with a reason that clients understand', async () => {
    const closed = Promise.withResolvers<void>();
    bench.peers.extend = () => ({ result: 'insufficient_balance', amount: '1' });
    await serveFrom(
      (_request, response) => {
        response.on('close', closed.resolve);
        response.writeHead(200, sse).write(words(500));
      },
      { outputTokensHeld: 20 },
    );
    const { said, events, text, settlement } = await stream({
      stream_options: { include_usage: true },
    });
    expect(said).toBe(word.repeat(20));
    expect(events.slice(-2)).toEqual([
      {
        id: 'c',
        object: 'chat.completion.chunk',
        choices: [{ index: 0, delta: {}, finish_reason: 'length' }],
        x_aisbf: { notice: 'balance_exhausted' },
      },
      {
        id: 'c',
        object: 'chat.completion.chunk',
        choices: [],
        usage: { prompt_tokens: 8, completion_tokens: 20, total_tokens: 28 },
      },
    ]);
    expect(text.split('[DONE]')).toHaveLength(2);
    expect(text.endsWith(done)).toBe(true);
    expect(settlement).toMatchObject({
      outcome: 'completed',
      finishReason: 'length',
      units: { completion_token: 20 },
      attempts: [{ result: 'served' }],
    });
    // Its upstream has more to say, and is stopped.
    await closed.promise;
  });

  it('uses what there is of the balance, when a whole step is too much', async () => {
    const affordable = 45;
    bench.peers.extend = (request) => ({
      result: (wanted(request) ?? 0) <= affordable ? 'held' : 'insufficient_balance',
      amount: '1',
    });
    await serveFrom(streamOf(words(500)), { outputTokensHeld: 20 });
    const { said, settlement } = await stream();
    expect(said).toBe(word.repeat(36));
    expect(settlement.units.completion_token).toBe(36);
  });

  it.each([
    ['budget_exhausted', 'budget_exceeded'],
    ['hold_not_extended', 'unavailable'],
    ['hold_not_extended', 'missing'],
  ] as const)('tells %s where accounts say %s', async (notice, result) => {
    bench.peers.extend = () => {
      if (result === 'budget_exceeded') return { result, amount: '1' };
      throw new Fault({ code: 'X', kind: result, message: '', details: {} });
    };
    await serveFrom(streamOf(words(100)), { outputTokensHeld: 20 });
    const { said, events } = await stream();
    expect(events.at(-1)).toMatchObject({ x_aisbf: { notice } });
    expect(said).toBe(word.repeat(20));
  });

  it("stops at the buyer's own limit of the cost, and asks for no more than that", async () => {
    await serveFrom(streamOf(words(500)), { outputTokensHeld: 20, outputTokensPayable: 30 });
    const { said, events, extensions } = await stream();
    expect(said).toBe(word.repeat(30));
    expect(events.at(-1)).toMatchObject({ x_aisbf: { notice: 'max_cost_reached' } });
    expect(extensions.map(wanted)).toEqual([30]);
  });

  it('lets no seller write far beyond what the buyer has allowed', async () => {
    await serveFrom(streamOf(words(500)), { outputTokensHeld: 20 });
    const { said, events } = await stream({ max_tokens: 20 });
    expect(said).toBe(word.repeat(41));
    expect(events.at(-1)).toMatchObject({ x_aisbf: { notice: 'max_tokens_reached' } });
  });

  it('sends nothing of an event that is not paid for, be it the first', async () => {
    bench.peers.extend = () => ({ result: 'insufficient_balance', amount: '1' });
    const event = chunkEvent({ content: word.repeat(30) });
    await serveFrom(streamOf(event + chunkEvent({}, 'stop') + done), { outputTokensHeld: 20 });
    const { said, settlement, text } = await stream();
    expect(said).toBe('');
    expect(text.endsWith(done)).toBe(true);
    expect(settlement).toMatchObject({ outcome: 'completed', units: { completion_token: 0 } });
  });
});
