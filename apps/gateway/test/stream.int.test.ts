import type { Candidate } from '@aisbf/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  chunkEvent,
  done,
  type GatewayBench,
  openGateway,
  sse,
  streamFine,
  streamRequest,
} from './gateway-bench.js';

let bench: GatewayBench;
let goodStream: Candidate;

beforeAll(async () => {
  bench = await openGateway({ GATEWAY_EVENT_BYTES_MAX: '100000' });
  goodStream = await bench.upstream(streamFine);
});
beforeEach(() => bench.peers.restore());
afterAll(() => bench.close());

describe('a stream', () => {
  it('passes on event by event under every address, and ends with exactly one [DONE]', async () => {
    bench.peers.candidates = [goodStream];
    for (const path of ['/v1', '/api/v1', '/api/u/alice', '/api/u/alice/v1']) {
      const response = await bench.buy(streamRequest, {}, `${path}/chat/completions`);
      const text = await response.text();
      expect(response.headers.get('content-type')).toContain('text/event-stream');
      expect(text.split('[DONE]')).toHaveLength(2);
      expect(text.endsWith(done)).toBe(true);
    }
    expect(bench.peers.admits.at(-1)?.pathUsername).toBe('alice');
    expect(await bench.settlement()).toMatchObject({
      outcome: 'completed',
      units: { completion_token: 1 },
      finishReason: 'stop',
    });
  });

  it.each([
    ['forgets its [DONE]', chunkEvent({ content: 'fine' }, 'stop')],
    ['forgets its last empty line', chunkEvent({ content: 'fine' }, 'stop').trimEnd()],
    ['says [DONE] twice', chunkEvent({ content: 'fine' }, 'stop') + done + done],
    [
      'goes on after [DONE]',
      chunkEvent({ content: 'fine' }, 'stop') + done + chunkEvent({ content: 'more' }),
    ],
  ])('ends with exactly one [DONE] where the upstream %s', async (_name, text) => {
    bench.peers.candidates = [
      await bench.upstream((_request, response) => void response.writeHead(200, sse).end(text)),
    ];
    const received = await (await bench.buy(streamRequest)).text();
    expect(received.split('[DONE]')).toHaveLength(2);
    expect(received).not.toContain('more');
    expect(await bench.settlement()).toMatchObject({ outcome: 'completed' });
  });

  it('breaks as timed out where the upstream never ends, however busily it speaks', async () => {
    bench.peers.deadlines = { firstByteMs: 5_000, idleMs: 5_000, totalMs: 300 };
    const closed = Promise.withResolvers<void>();
    bench.peers.candidates = [
      await bench.upstream((_request, response) => {
        response.writeHead(200, sse);
        const timer = setInterval(() => response.write(chunkEvent({ content: 'on ' })), 10);
        response.on('close', () => {
          clearInterval(timer);
          closed.resolve();
        });
      }),
      goodStream,
    ];
    const { text, isCleanEnd } = await readToTheEnd(await bench.buy(streamRequest));
    expect(text).toContain('"content":"on "');
    expect(text).toContain('"code":"stream_timed_out"');
    expect(text).not.toContain('[DONE]');
    expect(isCleanEnd).toBe(false);
    await closed.promise;
    expect(await bench.settlement()).toMatchObject({
      outcome: 'seller_failed',
      servedPosition: 0,
      attempts: [{ result: 'failed', reason: 'timeout' }],
    });
  });

  it('ends its upstream when the buyer leaves, and charges what was delivered', async () => {
    const closed = Promise.withResolvers<void>();
    bench.peers.candidates = [
      await bench.upstream((_request, response) => {
        response.on('close', () => closed.resolve());
        response.writeHead(200, sse).write(chunkEvent({ content: 'one two three' }));
      }),
    ];
    const leaving = new AbortController();
    const response = await bench.buy(streamRequest, { signal: leaving.signal });
    const reader = response.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toContain('one two three');
    leaving.abort();
    await closed.promise;
    expect(await bench.settlement()).toMatchObject({
      outcome: 'buyer_left',
      servedPosition: 0,
      units: { completion_token: 3 },
      attempts: [{ result: 'served' }],
    });
  });

  it('costs a buyer nothing who leaves before the first byte', async () => {
    const asked = Promise.withResolvers<void>();
    bench.peers.candidates = [await bench.upstream(() => asked.resolve())];
    const leaving = new AbortController();
    const response = bench
      .buy(streamRequest, { signal: leaving.signal })
      .catch((error: unknown) => error);
    await asked.promise;
    leaving.abort();
    await response;
    expect(await bench.settlement()).toMatchObject({
      outcome: 'not_served',
      servedPosition: null,
      attempts: [{ result: 'cancelled' }],
    });
  });

  it('keeps its connection to an upstream from stream to stream', async () => {
    const connections = new Set<unknown>();
    bench.peers.candidates = [
      await bench.upstream(({ socket }, response) => {
        connections.add(socket);
        const text = chunkEvent({ content: 'x'.repeat(90_000) }) + chunkEvent({}, 'stop') + done;
        response.writeHead(200, sse).write(text, () => setImmediate(() => response.end()));
      }),
    ];
    for (let count = 0; count < 10; count += 1) await (await bench.buy(streamRequest)).text();
    expect(connections.size).toBe(1);
  });

  it('lets go of an upstream that goes on after the end', async () => {
    const closed = Promise.withResolvers<void>();
    bench.peers.candidates = [
      await bench.upstream((_request, response) => {
        response.on('close', closed.resolve);
        response.writeHead(200, sse).write(chunkEvent({ content: 'fine' }, 'stop') + done);
        const push = () => {
          while (!response.destroyed && response.write('x'.repeat(10_000)));
        };
        response.on('drain', push);
        push();
      }),
    ];
    const response = await bench.buy(streamRequest);
    expect(await response.text()).toMatch(/\[DONE\]\n\n$/);
    expect(await bench.settlement()).toMatchObject({ outcome: 'completed' });
    await closed.promise;
  });

  it('makes an upstream wait for a buyer who does not read', async () => {
    const event = chunkEvent({ content: 'x'.repeat(10_000) });
    let written = 0;
    const stalled = Promise.withResolvers<void>();
    bench.peers.candidates = [
      await bench.upstream((_request, response) => {
        response.writeHead(200, sse);
        const push = () => {
          while (written < 5_000) {
            written += 1;
            if (!response.write(event)) {
              const timer = setTimeout(() => stalled.resolve(), 500);
              response.once('drain', () => {
                clearTimeout(timer);
                push();
              });
              return;
            }
          }
          stalled.resolve();
        };
        push();
      }),
    ];
    const leaving = new AbortController();
    await bench.buy(streamRequest, { signal: leaving.signal });
    await stalled.promise;
    expect(written).toBeLessThan(2_000);
    leaving.abort();
    expect(await bench.settlement()).toMatchObject({ outcome: 'buyer_left' });
  });
});

async function readToTheEnd(response: Response): Promise<{ text: string; isCleanEnd: boolean }> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
    return { text, isCleanEnd: true };
  } catch {
    // The connection broke, which is what the caller asks about.
    return { text, isCleanEnd: false };
  }
}
