import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { until, wav } from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type GatewayBench, openGateway } from './gateway-bench.js';

let bench: GatewayBench;

const heldBytesMax = 1_000_000;

beforeAll(async () => {
  bench = await openGateway({ GATEWAY_SPOOL_HELD_BYTES_MAX: String(heldBytesMax) });
});
beforeEach(() => bench.peers.restore());
afterAll(() => bench?.close());

/** Fits into no socket's buffers, of which there are four on the way. */
const soundBytes = 60_000_000;
const pieceBytes = 65_536;
const head = wav(1).subarray(0, 44);
head.writeUInt32LE(soundBytes, 40);

/** Says as much as is taken from it, and how much that was. */
function sender(response: ServerResponse) {
  let sent = 0;
  response.writeHead(200, { 'content-type': 'audio/wav' });
  const piece = Buffer.alloc(pieceBytes);
  const goOn = (): void => {
    while (!response.destroyed && sent < soundBytes) {
      sent += pieceBytes;
      if (!response.write(piece)) return;
    }
    response.end();
  };
  response.write(head);
  response.on('drain', goOn);
  goOn();
  return { sent: () => sent };
}

/** Asks for a sound, and reads nothing of it yet. */
function ask(): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const asking = httpRequest(`${bench.url}/v1/audio/speech`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bench.apiToken}`, 'content-type': 'application/json' },
  });
  asking.on('response', resolve).on('error', reject);
  asking.end(JSON.stringify({ model: 'p/m', voice: 'alloy', input: 'x'.repeat(4_000) }));
  return promise;
}

/** The figure when it has been the same for a hundred looks: nothing tells that nothing happens. */
async function stillness(figure: () => number): Promise<number> {
  let [last, same] = [-1, 0];
  await until(() => {
    same = figure() === last ? same + 1 : 0;
    last = figure();
    return same === 100;
  });
  return last;
}

const metric = async (name: string) => {
  const text = await (await fetch(`${bench.url}/metrics`)).text();
  return Number(new RegExp(`^aisbf_gateway_${name}\\S* (\\d+)$`, 'm').exec(text)?.[1]);
};

describe('a sound that its buyer does not read', () => {
  it('waits at whoever makes it, and is neither gathered nor lost', async () => {
    let sent = () => 0;
    bench.peers.deadlines = { firstByteMs: 30_000, idleMs: 30_000, totalMs: 60_000 };
    bench.peers.candidates = [
      await bench.upstream((_request, response) => {
        sent = sender(response).sent;
      }),
    ];
    const answer = await ask();
    expect(await stillness(sent)).toBeLessThan(soundBytes / 2);
    expect(await metric('spooled_bytes_held')).toBeLessThanOrEqual(heldBytesMax);
    let came = 0;
    for await (const piece of answer) came += (piece as Buffer).length;
    expect(came).toBe(head.length + Math.ceil(soundBytes / pieceBytes) * pieceBytes);
    const { units, outcome } = await bench.settlement();
    expect(outcome).toBe('completed');
    // Of so long a sound no more is billed than was held.
    expect(units.audio_second).toBe(bench.peers.admits.at(-1)?.facts.units?.audio_second);
    await until(async () => (await metric('spooled_bytes_held')) === 0);
  });

  it('is let go with its buyer, who pays for what has left', async () => {
    let response: ServerResponse | undefined;
    bench.peers.candidates = [
      await bench.upstream((_request, answering) => {
        response = answering;
        sender(answering);
      }),
    ];
    const answer = await ask();
    answer.destroy();
    await until(() => response?.destroyed === true);
    expect(await bench.settlement()).toMatchObject({ outcome: 'buyer_left' });
    await until(async () => (await metric('spooled_bytes_held')) === 0);
  });
});
