import { FakeRealtime, until } from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  candidateAt,
  chunkEvent,
  done,
  type GatewayBench,
  openGateway,
  sse,
  streamRequest,
} from './gateway-bench.js';
import { RealtimeClient } from './realtime-client.js';

let bench: GatewayBench;
let upstream: FakeRealtime;

beforeAll(async () => {
  [bench, upstream] = await Promise.all([
    openGateway({ GATEWAY_CHECKPOINT_MS: '20' }),
    FakeRealtime.start(),
  ]);
});
beforeEach(() => {
  bench.peers.restore();
  bench.peers.ticket = null;
});
afterAll(async () => {
  await bench.close();
  await upstream.stop();
});

const word = chunkEvent({ content: ' word' });

/** A stream that says three words, and the rest when it is told to. */
async function slowStream() {
  const { promise, resolve: goOn } = Promise.withResolvers<void>();
  const candidate = await bench.upstream(async (_request, response) => {
    response.writeHead(200, sse).write(word.repeat(3));
    await promise;
    response.end(word.repeat(2) + chunkEvent({ content: '' }, 'stop') + done);
  });
  bench.peers.candidates = [candidate];
  const response = await bench.buy(streamRequest);
  const requestId = response.headers.get('x-request-id') ?? '';
  return {
    goOn,
    told: () => bench.peers.checkpoints.filter((one) => one.requestId === requestId),
    end: async () => {
      await response.text();
      return until(() => bench.peers.settlements.find((one) => one.requestId === requestId));
    },
  };
}

describe('a stream', () => {
  it('that runs for long is told of while it runs, as the bill would have it, and as unfinished', async () => {
    const { told, goOn, end } = await slowStream();
    const [first] = await until(() => told().length > 0 && told());
    goOn();
    const settled = await end();
    expect(settled.units).toMatchObject({ completion_token: 5 });
    expect(first).toMatchObject({
      ...{ holdEpoch: 1, servedPosition: 0 },
      progress: { finished: {}, delivered: { ...settled.units, completion_token: 3 } },
    });
    // Nothing new was to be told of it between its third word and its end.
    expect(told().filter(({ progress }) => progress.delivered.completion_token === 3)).toHaveLength(
      1,
    );
  });

  it('that a lease pays for brings its ticket along', async () => {
    bench.peers.ticket = 'as the router has sealed it';
    const { told, goOn, end } = await slowStream();
    expect(await until(() => told()[0])).toMatchObject({ ticket: 'as the router has sealed it' });
    goOn();
    await end();
  });
});

describe('a session', () => {
  it('tells what it has come to with each question for money, and between them', async () => {
    upstream.on('model', (call, { type }) => {
      if (type !== 'response.create') return;
      const asked = call.events.filter((event) => event.type === 'response.create').length;
      if (asked === 1) call.answer(['a ', 'word']);
      else call.say(call.begin(), ' half');
    });
    bench.peers.candidates = [{ ...candidateAt(upstream.url), model: 'model' }];
    bench.peers.deadlines = { firstByteMs: 5_000, idleMs: 60_000, totalMs: 60_000 };
    const client = await RealtimeClient.open(bench);
    await client.wait('session.created');
    client.send({ type: 'response.create' });
    await client.wait('response.done');
    client.send({ type: 'response.create' });
    const { requestId } = client;
    const words = { completion_token: 2 };
    const half = await until(() =>
      bench.peers.checkpoints.find(
        (one) => one.requestId === requestId && one.progress.delivered.completion_token === 3,
      ),
    );
    expect(half).toMatchObject({ servedPosition: 0, progress: { finished: words } });
    const asked = bench.peers.extensions.filter((one) => one.requestId === requestId);
    expect(asked[0]?.progress).toBeUndefined();
    expect(asked[1]?.progress).toMatchObject({ finished: words, delivered: words });
    expect(asked[1]?.progress?.ordinal).toBeLessThan(half.progress.ordinal);
    client.socket.close();
    await until(() => bench.peers.settlements.find((one) => one.requestId === requestId));
  });
});
