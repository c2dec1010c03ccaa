import { request as httpRequest, type IncomingMessage } from 'node:http';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chunkEvent, openGateway, sse } from './gateway-bench.js';

let bench: Awaited<ReturnType<typeof openGateway>>;

beforeAll(async () => {
  bench = await openGateway();
});
afterAll(() => bench.close());

/** One token each, by every measure. */
const story =
  'Once upon a time there was a small house at the foot of a hill and in it lived an old man who made clocks that never stopped';
const tokens = story.split(' ').map((word, index) => (index === 0 ? word : ` ${word}`));

/** Reads so many events from a socket of its own, and closes it. Gives the request's id. */
function readAndHangUp(events: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const onAnswer = (response: IncomingMessage) => {
      let seen = '';
      response.on('data', (part: Buffer) => {
        seen += part.toString();
        if (seen.split('\n\n').length <= events) return;
        response.destroy();
        resolve(String(response.headers['x-request-id']));
      });
      response.on('error', () => undefined);
    };
    const outgoing = httpRequest(
      new URL('/v1/chat/completions', bench.url),
      { method: 'POST', agent: false, headers: { authorization: `Bearer ${bench.apiToken}` } },
      onAnswer,
    );
    outgoing.on('error', reject);
    outgoing.end(
      JSON.stringify({ model: 'p/m', messages: [{ role: 'user', content: 'hi' }], stream: true }),
    );
  });
}

async function billedAfter(events: number): Promise<number> {
  const requestId = await readAndHangUp(events);
  const report = await until(() =>
    bench.peers.settlements.find((settlement) => settlement.requestId === requestId),
  );
  expect(report.outcome).toBe('buyer_left');
  return report.units.completion_token ?? 0;
}

describe('a buyer who hangs up at token k', () => {
  it('pays for k tokens, give or take two, for every k', async () => {
    for (let k = 1; k < tokens.length; k += 1) {
      bench.peers.candidates = [
        await bench.upstream((_request, response) => {
          // The model is two words ahead of its reader.
          response.writeHead(200, sse);
          for (const content of tokens.slice(0, k + 2)) response.write(chunkEvent({ content }));
        }),
      ];
      expect(Math.abs((await billedAfter(k)) - k)).toBeLessThanOrEqual(2);
    }
  });

  it('pays for no word that had not left for it, however much the model had said', async () => {
    const count = 2_000;
    const flood = chunkEvent({ content: ' word'.repeat(2_000) }).repeat(10);
    let said = 0;
    const ended = Promise.withResolvers<void>();
    bench.peers.candidates = [
      await bench.upstream((_request, response) => {
        response.writeHead(200, sse).on('close', ended.resolve);
        const push = () => {
          do said += 10;
          while (response.write(flood) && said < count);
        };
        response.on('drain', push);
        push();
      }),
    ];
    const billed = await billedAfter(1);
    await ended.promise;
    expect(billed).toBeGreaterThanOrEqual(2_000);
    expect(billed).toBeLessThan(said * 2_000);
    expect(billed % 2_000).toBe(0);
  });

  it('pays for what has left also where it only stops reading, until the time is over', async () => {
    bench.peers.deadlines = { firstByteMs: 5_000, idleMs: 5_000, totalMs: 4_000 };
    // A word, in so large an event that the line is soon full.
    const event = chunkEvent({ content: ' word', padding: 'x'.repeat(60_000) });
    bench.peers.candidates = [
      await bench.upstream((_request, response) => {
        response.writeHead(200, sse);
        const push = () => {
          while (response.write(event));
        };
        response.on('drain', push);
        push();
      }),
    ];
    const ended = Promise.withResolvers<void>();
    const outgoing = httpRequest(new URL('/v1/chat/completions', bench.url), {
      method: 'POST',
      agent: false,
      headers: { authorization: `Bearer ${bench.apiToken}` },
    });
    outgoing.on('error', () => ended.resolve());
    outgoing.on('response', (response) => response.pause().on('close', ended.resolve));
    outgoing.end(
      JSON.stringify({ model: 'p/m', messages: [{ role: 'user', content: 'hi' }], stream: true }),
    );
    const reported = bench.peers.settlements.length;
    const report = await until(() => bench.peers.settlements[reported], { timeoutMs: 20_000 });
    expect(report).toMatchObject({ outcome: 'buyer_left', servedPosition: 0 });
    expect(report?.units.completion_token).toBeGreaterThan(0);
    outgoing.destroy();
    await ended.promise;
  }, 30_000);
});
