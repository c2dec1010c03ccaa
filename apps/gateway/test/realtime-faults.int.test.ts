import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  frameBytesMax,
  halfAnswer,
  openRealtimeStage,
  type RealtimeStage,
  stillness,
  wellFor,
} from './realtime-stage.js';

let stage: RealtimeStage;
let bench: RealtimeStage['bench'];
let upstream: RealtimeStage['upstream'];
let open: RealtimeStage['open'];
let settlementOf: RealtimeStage['settlementOf'];

beforeAll(async () => {
  stage = await openRealtimeStage();
  ({ bench, upstream, open, settlementOf } = stage);
});
beforeEach(() => stage.restore());
afterAll(() => stage.close());

describe('an upstream that breaks off', () => {
  it('in the middle of the first answer is told of, and paid nothing', async () => {
    const client = await open(wellFor(0, halfAnswer));
    client.ask('hello');
    await client.wait('response.output_text.delta', 3);
    upstream.calls.at(-1)?.cut();
    expect(await client.end()).toEqual({ errors: ['stream_cut'], code: 1011 });
    expect(await settlementOf(client)).toMatchObject({
      outcome: 'seller_failed',
      units: { completion_token: 0 },
      attempts: [{ result: 'failed', reason: 'cut' }],
    });
  });

  it('in the middle of a later one is paid for those before it', async () => {
    const client = await open(wellFor(1, halfAnswer));
    client.ask('hello');
    await client.wait('response.done');
    client.ask('hello');
    await client.wait('response.output_text.delta', 5);
    upstream.calls.at(-1)?.socket.close(1000);
    expect(await client.end()).toEqual({ errors: ['stream_cut'], code: 1011 });
    expect(await settlementOf(client)).toMatchObject({
      outcome: 'completed',
      units: { prompt_token: 8, completion_token: 2 },
      attempts: [{ result: 'failed', reason: 'cut' }],
    });
  });

  it('with no answer under way has closed, and its code is passed on', async () => {
    const client = await open(wellFor(1, halfAnswer));
    client.ask('hello');
    await client.wait('response.done');
    upstream.calls.at(-1)?.socket.close(4_321, 'enough');
    expect(await client.end()).toEqual({ errors: [], code: 4_321 });
    expect(await settlementOf(client)).toMatchObject({
      outcome: 'completed',
      attempts: [{ result: 'served' }],
    });
  });

  it.each([
    ['what is no event', '{"no": "type"}', 'garbage'],
    ['a frame that is too large', 'x'.repeat(frameBytesMax + 1), 'too_large'],
  ])('by %s has failed', async (_what, frame, reason) => {
    const client = await open(wellFor(0, (call) => call.raw(frame)));
    client.ask('hello');
    expect(await client.end()).toEqual({ errors: ['stream_cut'], code: 1011 });
    const { outcome, attempts } = await settlementOf(client);
    expect([outcome, attempts[0]?.reason]).toEqual(['seller_failed', reason]);
  });

  it('by an answer that nobody has asked for has failed', async () => {
    const client = await open((call) => call.answer(['buy', ' this']));
    client.send({ type: 'input_audio_buffer.clear' });
    expect(await client.end()).toEqual({ errors: ['stream_cut'], code: 1011 });
    expect(client.of('response.done')).toEqual([]);
    expect(await settlementOf(client)).toMatchObject({ outcome: 'seller_failed' });
  });

  it('by silence in the middle of an answer has failed', async () => {
    bench.peers.deadlines = { firstByteMs: 5_000, idleMs: 200, totalMs: 60_000 };
    const client = await open(wellFor(0, halfAnswer));
    client.ask('hello');
    expect(await client.end()).toEqual({ errors: ['stream_timed_out'], code: 1011 });
    const { attempts } = await settlementOf(client);
    expect(attempts).toMatchObject([{ result: 'failed', reason: 'timeout' }]);
  });

  it('is told of in its own words, without its key, its address, or a key of the seller’s', async () => {
    const client = await open((call) => {
      call.send({
        type: 'session.updated',
        session: { client_secret: { value: 'ek_1' }, voice: 'v' },
      });
      const message = 'upstream-key is not for http://10.0.0.7:11434/v1';
      call.send({
        type: 'error',
        error: { code: 'bad', message, trace: 'inner', event_id: 'mine' },
      });
    });
    client.send({ type: 'input_audio_buffer.clear' });
    expect(await client.wait('error')).toEqual({
      ...{ type: 'error', event_id: 'event_of_upstream' },
      error: { code: 'bad', message: '[credential] is not for [address]', event_id: 'mine' },
    });
    expect((await client.wait('session.updated')).session).toEqual({ voice: 'v' });
    client.socket.close();
  });

  it('says itself that an answer has failed, and is not paid for that one', async () => {
    const client = await open(
      wellFor(1, (call) => {
        const names = call.begin();
        call.say(names, ' half');
        call.finish(names, ' half', { status: 'failed' });
      }),
    );
    client.ask('hello');
    await client.wait('response.done');
    client.ask('hello');
    await client.wait('response.done', 2);
    client.socket.close(1000);
    expect(await settlementOf(client)).toMatchObject({
      outcome: 'completed',
      units: { prompt_token: 8, completion_token: 2 },
    });
  });
});

describe('an upstream that does not read', () => {
  it('slows the buyer down, and misses nothing', async () => {
    const count = 400;
    const client = await open(() => undefined);
    const call = await until(() => upstream.calls.at(-1));
    call.socket.pause();
    const padding = 'x'.repeat(65_536);
    for (let n = 0; n < count; n += 1) client.send({ type: 'more', n, padding });
    await stillness(client.socket);
    expect(client.socket.bufferedAmount).toBeGreaterThan((count * padding.length) / 4);
    call.socket.resume();
    await until(() => call.events.length === count);
    expect(call.events.map(({ n }) => n)).toEqual([...Array(count).keys()]);
    client.socket.close();
  });
});

describe('a buyer', () => {
  it('that hangs up in the middle of an answer pays for what was delivered', async () => {
    const client = await open(wellFor(0, halfAnswer));
    client.ask('hello');
    await client.wait('response.output_text.delta', 3);
    client.socket.terminate();
    expect(await settlementOf(client)).toMatchObject({
      outcome: 'buyer_left',
      units: { prompt_token: 8, completion_token: 3 },
      attempts: [{ result: 'served' }],
    });
    await until(() => upstream.calls.at(-1)?.closedWith);
  });

  it('that leaves before anything was said pays nothing', async () => {
    const client = await open(() => undefined);
    client.socket.close(4_000);
    expect(await settlementOf(client)).toMatchObject({ outcome: 'not_served', units: {} });
    expect(await until(() => upstream.calls.at(-1)?.closedWith)).toBe(4_000);
  });

  it('that reads slowly slows the upstream down, and misses nothing', async () => {
    const count = 400;
    const padding = 'x'.repeat(65_536);
    const client = await open((call) => {
      for (let n = 0; n < count; n += 1) call.send({ type: 'response.more', n, padding });
    });
    client.socket.pause();
    client.send({ type: 'input_audio_buffer.clear' });
    const { socket } = await until(() => upstream.calls.at(-1));
    await stillness(socket);
    expect(socket.bufferedAmount).toBeGreaterThan((count * padding.length) / 4);
    client.socket.resume();
    await client.wait('response.more', count);
    expect(client.of('response.more').map(({ n }) => n)).toEqual([...Array(count).keys()]);
    client.socket.close();
  });

  it('that sends too much at once, or what is no event, is told so', async () => {
    const client = await open(() => undefined);
    client.socket.send('[1, 2]');
    await client.wait('error');
    expect(client.errors).toEqual(['event_invalid']);
    expect(upstream.calls.at(-1)?.events).toEqual([]);
    client.send({ type: 'input_audio_buffer.append', audio: 'x'.repeat(frameBytesMax) });
    expect((await client.end()).code).toBe(1009);
    expect(await settlementOf(client)).toMatchObject({ outcome: 'not_served' });
  });
});
