import { once } from 'node:events';
import { type AccessChanged, type Extend, subjects } from '@aisbf/contracts';
import { createLog, NatsBus } from '@aisbf/platform';
import { natsUrl, until } from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Settlements } from '../src/services/settlements.js';
import { type GatewayBench, openGateway } from './gateway-bench.js';
import { RealtimeClient } from './realtime-client.js';
import { halfAnswer, openRealtimeStage, type RealtimeStage, wellFor } from './realtime-stage.js';

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

describe('the money under a session', () => {
  const completion = ({ units }: Extend) => units.completion_token;

  it('is asked for before each answer, and grows while one does', async () => {
    const client = await open(
      wellFor(0, (call) => call.answer(Array.from({ length: 30 }, () => ' word'))),
    );
    client.ask('hello');
    await client.wait('response.done');
    client.ask('hello', { max_output_tokens: 3 });
    await client.wait('response.done', 2);
    client.socket.close(1000);
    expect((await settlementOf(client)).units.completion_token).toBe(60);
    const asked = bench.peers.extensions.map(completion);
    expect(asked[0]).toBe(16);
    expect(Math.max(...asked.map(Number))).toBeGreaterThanOrEqual(60);
    expect(asked).toEqual(asked.toSorted((one, other) => Number(one) - Number(other)));
    expect(bench.peers.extensions[0]).toMatchObject({ servedPosition: 0, ticket: null });
    expect(bench.peers.extensions[0]?.renewUntilMs).toBeGreaterThan(Date.now());
  });

  it.each(['insufficient_balance', 'budget_exceeded'] as const)(
    'has ended (%s): no further answer is asked for, and the session goes on',
    async (result) => {
      const client = await open(wellFor(1, halfAnswer));
      client.ask('hello');
      await client.wait('response.done');
      bench.peers.extend = () => ({ result, amount: '1' });
      client.send({ type: 'response.create', event_id: 'mine' });
      expect(await client.wait('error')).toMatchObject({
        error: { type: 'insufficient_quota', code: result, event_id: 'mine' },
      });
      bench.peers.extend = () => ({ result: 'held', amount: '1' });
      client.send({ type: 'response.create' });
      await client.wait('response.output_text.delta', 5);
      const asked = upstream.calls.at(-1)?.events.filter(({ type }) => type === 'response.create');
      expect(asked).toHaveLength(2);
      client.socket.close();
    },
  );

  it('ends in the middle of an answer: what is not paid for is not said, by no event', async () => {
    const names = { response_id: 'resp_1', item_id: 'item_1' };
    const words = Array.from({ length: 40 }, () => ' word');
    const client = await open((call, { type }) => {
      if (type === 'response.create') call.say(call.begin(), ...words);
      if (type === 'response.cancel') call.finish(names, words.join(''), { status: 'cancelled' });
    });
    const held = { result: 'held', amount: '1' } as const;
    bench.peers.extend = ({ units }) =>
      (units.completion_token ?? 0) <= 20 ? held : { result: 'insufficient_balance', amount: '1' };
    client.ask('hello');
    const done = await client.wait('response.done');
    expect(done.response).toMatchObject({
      status: 'incomplete',
      status_details: { reason: 'max_output_tokens' },
      output: [],
    });
    expect(client.errors).toEqual(['insufficient_balance']);
    const said = client.of('response.output_text.delta').length;
    expect(said).toBeGreaterThanOrEqual(12);
    expect(said).toBeLessThanOrEqual(20);
    expect(upstream.calls.at(-1)?.events.at(-1)).toEqual({
      type: 'response.cancel',
      response_id: 'resp_1',
    });
    client.socket.close(1000);
    expect((await settlementOf(client)).units.completion_token).toBe(said);
  });

  it('is not there for an answer that the model begins by itself: the session ends', async () => {
    const client = await open((call, { type }) => {
      if (type === 'input_audio_buffer.append') call.answer(['yes'], { sound: 'AAAA' });
    });
    bench.peers.extend = ({ units }) =>
      units.completion_token === 0
        ? { result: 'held', amount: '1' }
        : { result: 'insufficient_balance', amount: '1' };
    client.send({ type: 'input_audio_buffer.append', audio: 'AAAAAAAA' });
    expect(await client.end()).toEqual({ errors: ['insufficient_balance'], code: 1008 });
    expect(client.of('response.created')).toEqual([]);
    expect((await settlementOf(client)).units).toEqual({
      prompt_token: 3,
      completion_token: 0,
      audio_second: 1,
    });
  });

  it('cannot be asked for: the session ends rather than to run unpaid', async () => {
    const client = await open(wellFor(0, halfAnswer));
    bench.peers.extend = () => bench.peers.refuseAsDown();
    client.ask('hello');
    expect(await client.end()).toEqual({ errors: ['session_unheld'], code: 1013 });
    expect(bench.peers.extensions).toHaveLength(5);
    expect(await settlementOf(client)).toMatchObject({ outcome: 'not_served' });
  });
});

describe('a session that outlives its hold', () => {
  it('has it renewed, and is reported however late it ends', async () => {
    bench.peers.holdLifeMs = 300;
    const report = jest.spyOn(bench.gateway.app.get(Settlements), 'report');
    const client = await open(wellFor(1, halfAnswer));
    const openedAtMs = Date.now();
    client.ask('hello');
    await client.wait('response.done');
    await until(() => Date.now() - openedAtMs > 900);
    const untils = bench.peers.extensions.map(({ renewUntilMs = 0 }) => renewUntilMs);
    expect(untils.length).toBeGreaterThanOrEqual(4);
    expect(Math.max(...untils)).toBeGreaterThan(openedAtMs + 900);
    client.socket.close(1000);
    expect(await settlementOf(client)).toMatchObject({ outcome: 'completed' });
    // As long as the hold lives, a report that finds nobody is tried again.
    expect(report.mock.lastCall?.[1]).toBeGreaterThan(openedAtMs + 900);
    report.mockRestore();
  });

  it('ends where it cannot be renewed, before it runs without money', async () => {
    bench.peers.holdLifeMs = 300;
    bench.peers.extend = () => bench.peers.refuseAsDown();
    const client = await open(() => undefined);
    expect(await client.end()).toEqual({ errors: ['session_unheld'], code: 1013 });
  });
});

describe('the market ends a session', () => {
  it('whose token is revoked, as soon as the bus tells', async () => {
    const client = await open(wellFor(1, halfAnswer));
    client.ask('hello');
    await client.wait('response.done');
    bench.peers.isTokenRevoked = true;
    const log = createLog('test', 'silent');
    const bus = await NatsBus.connect({ url: await natsUrl(), name: 'test', log });
    bus.publish(subjects.accessChanged, { type: 'access-changed' } satisfies AccessChanged);
    expect(await client.end()).toEqual({ errors: ['invalid_api_key'], code: 1008 });
    expect(await settlementOf(client)).toMatchObject({
      outcome: 'completed',
      units: { completion_token: 2 },
    });
    await bus.close();
  });

  it('whose token the ledger takes for revoked: no answer is asked for', async () => {
    const client = await open(wellFor(0, halfAnswer));
    bench.peers.extend = () => ({ result: 'token_revoked', amount: '1' });
    client.ask('hello');
    expect(await client.end()).toEqual({ errors: ['invalid_api_key'], code: 1008 });
    const asked = upstream.calls.at(-1)?.events.map(({ type }) => type);
    expect(asked).toEqual(['conversation.item.create']);
  });

  it('that has lasted long enough; an answer under way costs nothing', async () => {
    bench.peers.deadlines = { firstByteMs: 5_000, idleMs: 60_000, totalMs: 400 };
    const client = await open(wellFor(1, halfAnswer));
    client.ask('hello');
    client.ask('hello');
    expect(await client.end()).toEqual({ errors: ['session_expired'], code: 1008 });
    expect(await settlementOf(client)).toMatchObject({
      outcome: 'completed',
      units: { prompt_token: 8, completion_token: 2 },
    });
  });

  it('in which nobody says anything, or a side is gone', async () => {
    const quiet = await openGateway({ GATEWAY_REALTIME_IDLE_MS: '200' });
    const idle = await open(() => undefined, quiet);
    expect(await idle.end()).toEqual({ errors: ['session_idle'], code: 1008 });
    await quiet.close();
    const times = { GATEWAY_REALTIME_PING_MS: '50', GATEWAY_REALTIME_SILENCE_MS: '200' };
    const lively = await openGateway(times);
    const deaf = await open(() => undefined, lively);
    // A peer that does not read answers no ping either.
    deaf.socket.pause();
    expect(await settlementOf(deaf, lively)).toMatchObject({ outcome: 'not_served' });
    deaf.socket.terminate();
    await lively.close();
  });

  it('when it leaves: what is under way ends first, and is settled before the farewell', async () => {
    const leaving = await openGateway();
    const finish = Promise.withResolvers<void>();
    const client = await open(
      wellFor(0, async (call) => {
        const names = call.begin();
        call.say(names, ' one');
        await finish.promise;
        call.finish(names, ' one two');
      }),
      leaving,
    );
    client.ask('hello');
    await client.wait('response.output_text.delta');
    const closed = leaving.close();
    await until(async () => (await refusedBy(leaving)) === 'session_leaving');
    client.send({ type: 'response.create' });
    await client.wait('error');
    expect(client.closed).toBeUndefined();
    finish.resolve();
    expect(await client.end()).toEqual({
      errors: ['session_leaving', 'session_leaving'],
      code: 1001,
    });
    await closed;
    expect(await settlementOf(client, leaving)).toMatchObject({
      outcome: 'completed',
      units: { prompt_token: 8, completion_token: 2 },
    });
    expect(upstream.calls.at(-1)?.closedWith).toBe(1001);
  });

  it('when it leaves and an answer does not end: that one costs nothing', async () => {
    const leaving = await openGateway({ GATEWAY_REALTIME_LEAVE_MS: '100' });
    const client = await open(wellFor(0, halfAnswer), leaving);
    client.ask('hello');
    await client.wait('response.output_text.delta', 3);
    await leaving.close();
    expect((await client.end()).code).toBe(1001);
    expect(await settlementOf(client, leaving)).toMatchObject({ outcome: 'not_served' });
  });
});

async function refusedBy(at: GatewayBench): Promise<string> {
  return (await RealtimeClient.refused(at)).error.code;
}

describe('sessions in one process', () => {
  it('are so many at the most', async () => {
    const small = await openGateway({ GATEWAY_REALTIME_SESSIONS_MAX: '1' });
    const client = await open(() => undefined, small);
    expect(await refusedBy(small)).toBe('overloaded');
    client.socket.close();
    await once(client.socket, 'close');
    const next = await until(async () => {
      const opened = await RealtimeClient.open(small).catch(() => undefined);
      return opened;
    });
    next.socket.close();
    await small.close();
  });
});
