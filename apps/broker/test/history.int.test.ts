import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { streams, subjects, WorkersPage } from '@aisbf/contracts';
import { createLog, NatsBus } from '@aisbf/platform';
import { type OwnNats, startOwnNats, until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Stage, startStage } from './broker-stage.js';
import { apiTokens, otherProvider, sellerProvider } from './fake-peers.js';
import { Refusal, ScriptedWorker, type WorkerOptions } from './scripted-worker.js';

type Event = Readonly<{
  type: string;
  clientId: string;
  sessionId: string | null;
  detail: string | null;
  count: number;
}>;
type Status = Readonly<{
  connected: boolean;
  sessions: readonly { session_id: string; broker_id: string; username: string }[];
  events: readonly Event[];
  incomplete: readonly string[];
  history_readable: boolean;
}>;

const timeoutMs = 60_000;
const other: WorkerOptions = { username: 'other', registrationToken: 'reg_other' };

describe('what owners see of their workers', () => {
  let nats: OwnNats;
  let bus: NatsBus;
  let near: Stage;
  let far: Stage;

  const start = (brokerId: string, settings: Readonly<Record<string, string>> = {}) =>
    startStage({
      AISBF_NATS_URL: nats.url,
      BROKER_ID: brokerId,
      BROKER_BEAT_INTERVAL_MS: '200',
      BROKER_PEER_SILENCE_MS: '2000',
      BROKER_OWNER_EVENTS_RETRY_MS: '50',
      BROKER_TAKEOVERS_PER_MINUTE_MAX: '1000',
      BROKER_ADMISSION_FAILURES_PER_MINUTE_MAX: '1000',
      ...settings,
    });
  const get = async (stage: Stage, path: string, apiToken = apiTokens.seller) => {
    const response = await fetch(`${stage.url}/api/coderai/broker/${path}`, {
      headers: { authorization: `Bearer ${apiToken}` },
    });
    return { code: response.status, body: (await response.json()) as Status & { count: number } };
  };
  const status = async (stage: Stage, apiToken?: string, provider = 'rig') =>
    (await get(stage, `providers/${provider}/status`, apiToken)).body;
  const refused = async (stage: Stage, options: WorkerOptions): Promise<void> => {
    await expect(ScriptedWorker.connect(stage.url, options)).rejects.toBeInstanceOf(Refusal);
  };
  const isStored = async (stage: Stage, isIt: (event: Event) => boolean) =>
    until(async () => (await status(stage)).events.find(isIt));
  /** Each knows the other by its beats. */
  const meet = () =>
    until(async () => {
      const [here, there] = await Promise.all([
        get(near, 'sessions', apiTokens.operator),
        get(far, 'sessions', apiTokens.operator),
      ]);
      const both = [here, there].map(({ body }) => body.count);
      return both[0] === both[1] && both.every((count) => count > 0);
    });

  beforeAll(async () => {
    nats = await startOwnNats();
    bus = await NatsBus.connect({ url: nats.url, name: 'test', log: createLog('test', 'silent') });
    [near, far] = await Promise.all([start('near'), start('far')]);
    // Whoever has a session here is seen there.
    const worker = await ScriptedWorker.start(near.url, { ...other, clientId: 'client-2' });
    await meet();
    worker.socket.terminate();
  }, timeoutMs);
  afterAll(async () => {
    await Promise.all([near.close(), far.close()]);
    await bus.close();
    await nats.stop();
  });

  it('is the same from every instance: sessions of both, and each refusal with its reason', async () => {
    const here = await ScriptedWorker.start(near.url, { clientId: 'client-1' });
    const there = await ScriptedWorker.start(far.url, { clientId: 'client-2' });
    await refused(far, { clientId: 'client-9' });
    await refused(near, { registrationToken: 'wrong' });
    const seen = await until(async () => {
      const [one, two] = await Promise.all([status(near), status(far)]);
      const isSame = JSON.stringify(one.events) === JSON.stringify(two.events);
      return isSame && one.connected && one;
    });
    const { sessions: listed } = (await get(far, 'sessions')).body;
    for (const sessions of [seen.sessions, listed]) {
      expect(sessions).toMatchObject([
        { session_id: here.sessionId, broker_id: 'near' },
        { session_id: there.sessionId, broker_id: 'far' },
      ]);
    }
    const reasons = seen.events.map(({ type, detail }) => `${type} ${detail}`);
    expect(reasons).toContain('worker-refused client_not_allowed');
    expect(reasons).toContain('worker-refused wrong_token');
    expect(seen).toMatchObject({ incomplete: [], history_readable: true });
    here.socket.terminate();
    there.socket.terminate();
  });

  it('is never anything of another owner with the same names', async () => {
    const mine = await ScriptedWorker.start(near.url, { clientId: 'client-1' });
    const theirs = await ScriptedWorker.start(far.url, { ...other, clientId: 'client-1' });
    await refused(near, { ...other, clientId: 'client-7' });
    for (const stage of [near, far]) {
      const [own, foreign] = [await status(stage), await status(stage, apiTokens.other)];
      expect(own.sessions.map(({ username }) => username)).toEqual(['seller']);
      expect(foreign.sessions.map(({ username }) => username)).toEqual(['other']);
      expect(JSON.stringify(own.events)).not.toContain('client-7');
      expect(JSON.stringify(foreign.events)).toContain('client-7');
      expect(JSON.stringify(foreign.events)).not.toContain('client-9');
      expect((await get(stage, 'sessions', apiTokens.other)).body.count).toBe(1);
      expect((await get(stage, 'sessions', apiTokens.operator)).body.count).toBe(2);
      const { code } = await get(stage, `providers/${otherProvider.providerId}/status`);
      expect(code).toBe(404);
      const { providerId } = otherProvider;
      expect(await status(stage, apiTokens.other, providerId)).toEqual({
        ...foreign,
        provider_id: providerId,
      });
    }
    // Nor does an instance tell another one more than the viewer may see.
    const pages = await bus.ask(
      subjects.askWorkers('near'),
      { type: 'ask-workers', viewer: { username: 'other', role: 'member' }, provider: 'rig' },
      WorkersPage,
      { waitMs: 5_000, isLast: ({ page, pages: all }) => page === all - 1 },
    );
    expect(pages).toMatchObject([{ brokerId: 'near', count: 0, sessions: [] }]);
    expect(pages[0]?.events.map(({ username }) => username)).not.toContain('seller');
    mine.socket.terminate();
    theirs.socket.terminate();
  });

  it(
    'counts the same refusals over the instances, and lets a stranger push nothing out',
    async () => {
      const opened = await isStored(near, ({ type }) => type === 'session-opened');
      for (let number = 0; number < 150; number += 1) {
        const options = { clientId: `made-up-${number}`, registrationToken: 'guessed' };
        await refused(number % 2 === 0 ? near : far, options);
      }
      const { events } = await status(far);
      const made = events.filter(
        ({ detail, clientId }) => detail === 'wrong_token' && /^made|\*/.test(clientId),
      );
      expect(made.reduce((sum, { count }) => sum + count, 0)).toBe(150);
      expect(made.length).toBeLessThan(40);
      expect(events).toContainEqual(opened);
      expect(events.map(({ detail }) => detail)).toContain('client_not_allowed');
    },
    timeoutMs,
  );

  it(
    'outlives the restart of an instance',
    async () => {
      const worker = await ScriptedWorker.start(far.url, { clientId: 'client-2' });
      const { sessionId } = await isStored(
        near,
        ({ type, sessionId: id }) => type === 'session-registered' && id === worker.sessionId,
      );
      await far.close();
      await worker.end();
      const asWas = await status(near);
      expect(asWas.events).toContainEqual(
        expect.objectContaining({ type: 'session-closed', sessionId, detail: 'drained' }),
      );
      far = await start('far');
      // It counts on what the other one is still counting, as soon as it has heard of it.
      await until(async () => isDeepStrictEqual((await status(far)).events, asWas.events));
      expect((await status(far)).history_readable).toBe(true);
    },
    timeoutMs,
  );

  it('says which instance did not answer, and does not take it for one without workers', async () => {
    // Beats, but answers nothing.
    const beat = {
      type: 'broker-beat',
      brokerId: 'mute',
      incarnation: 'i',
      sequence: 0,
      url: 'http://mute',
      isDraining: false,
    };
    const timer = setInterval(() => bus.publish(subjects.presenceEvent, beat), 100);
    try {
      await until(async () => (await status(near)).incomplete.includes('mute'));
      expect((await get(near, 'sessions')).body.incomplete).toEqual(['mute']);
      // What nobody who answers knows may be there.
      expect((await get(near, 'providers/nowhere/status')).code).toBe(503);
    } finally {
      clearInterval(timer);
    }
    await until(async () => (await status(near)).incomplete.length === 0);
    expect((await get(near, 'providers/nowhere/status')).code).toBe(404);
    expect((await get(near, 'providers/No%20Name/status')).code).toBe(404);
  });

  it(
    'goes on while NATS is away, and is made again where NATS has lost its data',
    async () => {
      await nats.kill();
      const worker = await ScriptedWorker.start(near.url, { clientId: 'client-1' });
      const alone = await until(
        async () => {
          const seen = await status(near);
          return !seen.history_readable && seen;
        },
        { timeoutMs: 20_000 },
      );
      expect(alone.sessions.map(({ session_id: id }) => id)).toContain(worker.sessionId);
      expect(alone.events.map(({ sessionId }) => sessionId)).toContain(worker.sessionId);

      await nats.loseData();
      await nats.restart();
      const back = await until(
        async () => {
          const seen = await status(far);
          const isTold = seen.events.some(({ sessionId }) => sessionId === worker.sessionId);
          return isTold && seen.incomplete.length === 0 && seen;
        },
        { timeoutMs: 30_000 },
      );
      expect(back.history_readable).toBe(true);
      expect(back.sessions.map(({ session_id: id }) => id)).toContain(worker.sessionId);
      const manager = await until(() => bus.jetStreamManager());
      const { config } = await until(() => manager.streams.info(streams.ownerEvents.name));
      expect(config).toMatchObject({
        storage: 'file',
        max_msgs_per_subject: 100,
        max_age: 720 * 3_600_000_000_000,
        max_bytes: 268_435_456,
      });
      worker.socket.terminate();
    },
    timeoutMs,
  );

  describe('where the stream is there with other limits', () => {
    let third: Stage;
    beforeAll(async () => {
      third = await start('third', { BROKER_OWNER_EVENTS_MAX: '7' });
    });
    afterAll(() => third.close());

    it('is kept as the settings say', async () => {
      const manager = await until(() => bus.jetStreamManager());
      await until(async () => {
        const { config } = await manager.streams.info(streams.ownerEvents.name);
        return config.max_msgs_per_subject === 7;
      });
      const subject = { ...sellerProvider, kind: 'session' } as const;
      for (let number = 0; number < 10; number += 1) {
        const worker = await ScriptedWorker.start(third.url, { clientId: 'client-1' });
        worker.socket.terminate();
      }
      await until(async () => {
        const filter = { subjects_filter: subjects.ownerEvent(subject) };
        const { state } = await manager.streams.info(streams.ownerEvents.name, filter);
        return Object.values(state.subjects ?? {})[0] === 7;
      });
      const { events } = await status(third);
      expect(events.filter(({ type }) => type !== 'worker-refused')).toHaveLength(7);
    });
  });

  it('refuses an operator who means too many by one name, and reads past what it cannot read', async () => {
    const stream = bus.jetStream();
    const event = {
      type: 'owner-event',
      eventId: randomUUID(),
      brokerId: 'near',
      username: 'seller',
      providerName: 'rig',
      kind: 'session',
      event: 'session-opened',
      clientId: 'of-many',
      sessionId: null,
      detail: null,
      count: 1,
      atMs: Date.now(),
    } as const;
    await stream.publish(subjects.ownerEvent({ ...event, ...sellerProvider }), 'no JSON');
    for (let number = 0; number < 3_001; number += 1) {
      const providerId = randomUUID();
      const filled = { ...event, eventId: randomUUID(), username: 'crowd', providerId };
      bus.publish(subjects.ownerEvent(filled), filled);
    }
    await until(
      async () => (await get(near, 'providers/rig/status', apiTokens.operator)).code === 409,
    );
    const { providerId } = sellerProvider;
    expect((await get(near, `providers/${providerId}/status`, apiTokens.operator)).code).toBe(200);
    expect(await status(near)).toMatchObject({ history_readable: true });
    expect(JSON.stringify(await status(near))).not.toContain('of-many');
  });
});
