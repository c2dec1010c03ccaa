import { PresenceEvent, PresenceSnapshot, type SessionPresence, subjects } from '@aisbf/contracts';
import { NatsBus } from '@aisbf/platform';
import { natsUrl, until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openCall, type Stage, startStage } from './broker-stage.js';
import { sellerProvider } from './fake-peers.js';
import { type Frame, Refusal, ScriptedWorker } from './scripted-worker.js';

describe('presence', () => {
  let stage: Stage;
  let other: Stage;
  let bus: NatsBus;
  const events: PresenceEvent[] = [];
  const of = (brokerId: string) => events.filter((event) => event.brokerId === brokerId);
  const latest = (sessionId: string): SessionPresence | undefined =>
    events.findLast(
      (event): event is Extract<PresenceEvent, { type: 'session-up' }> =>
        event.type === 'session-up' && event.session.sessionId === sessionId,
    )?.session;

  beforeAll(async () => {
    stage = await startStage({ BROKER_ID: 'broker-a', BROKER_LOAD_INTERVAL_MS: '20' });
    other = await startStage({ BROKER_ID: 'broker-b', BROKER_BEAT_INTERVAL_MS: '60000' });
    bus = await NatsBus.connect({ url: await natsUrl(), name: 'test', log: stage.broker.log });
    bus.subscribe(subjects.presenceEvent, PresenceEvent, (event) => void events.push(event));
    await bus.flush();
  });
  afterAll(async () => {
    await Promise.all([stage.close(), other.close()]);
    await bus.close();
  });

  it('tells of a session when it has registered, and of its models when they are known', async () => {
    const worker = await ScriptedWorker.connect(stage.url);
    worker.on('models.list', (frame) =>
      worker.answer(frame, {
        status: 'ok',
        payload: {
          status_code: 200,
          body: '{"data":[{"id":"m","context_length":4096,"modality":"text+image->text"},{"id":"no name"}]}',
        },
      }),
    );
    await worker.frame(({ event }) => event === 'registered');
    expect(latest(worker.sessionId)).toBeUndefined();
    worker.register(
      {
        limits: { max_frame_bytes: 2_097_152, concurrency: 3 },
        studio: { endpoints: ['v1/images/generations'] },
      },
      {
        studio_endpoints: ['v1/audio/speech'],
        gpus: [{ name: 'g', total_vram_gb: 24 }],
        available_vram_gb: 20,
      },
    );
    const session = await until(() => {
      const found = latest(worker.sessionId);
      return found && found.models.length > 0 ? found : undefined;
    });
    expect(session).toMatchObject({
      providerId: sellerProvider.providerId,
      ownerId: sellerProvider.ownerId,
      username: 'seller',
      clientId: 'client-1',
      state: 'serving',
      models: [{ name: 'm', contextTokensMax: 4096, inputs: ['text', 'image'], outputs: ['text'] }],
      endpoints: ['/v1/chat/completions', '/v1/images/generations', '/v1/audio/speech'],
      hardware: { gpuCount: 1, vramMb: 24_576, vramMbFree: 20_480 },
      frameBytesMax: 2_097_152,
      inFlightMax: 3,
      queued: 0,
    });
    worker.send({
      op: 'heartbeat',
      request_id: 'h',
      payload: { hardware: { available_vram_mb: 7 }, owner_user_id: 'x', session_id: 'y' },
    });
    await until(() => latest(worker.sessionId)?.hardware?.vramMbFree === 7);
    expect(latest(worker.sessionId)).toMatchObject({ ownerId: sellerProvider.ownerId });
  });

  it('tells of load, and of the end at once', async () => {
    const worker = await ScriptedWorker.start(stage.url, { clientId: 'client-2' });
    await until(() => latest(worker.sessionId)?.models.length === 1);
    const asked = Promise.withResolvers<Frame>();
    worker.on('chat.completions', asked.resolve);
    const calls = [1, 2].map(() => openCall(stage.url, { sessionId: worker.sessionId }));
    await asked.promise;
    await until(() => {
      const session = latest(worker.sessionId);
      return session?.inFlight === 1 && session.queued === 1;
    });
    const closedAt = Date.now();
    worker.socket.terminate();
    await until(() =>
      events.some((event) => event.type === 'session-down' && event.sessionId === worker.sessionId),
    );
    expect(Date.now() - closedAt).toBeLessThan(1000);
    for (const { answer } of calls) expect((await answer).status).toBe(502);
  });

  it('numbers its events without gaps; a beat repeats the last number', async () => {
    await until(() => of('broker-a').filter(({ type }) => type === 'broker-beat').length >= 2);
    let last = of('broker-a')[0]?.sequence ?? 0;
    for (const event of of('broker-a').slice(1)) {
      expect(event.sequence).toBe(event.type === 'broker-beat' ? last : last + 1);
      last = event.sequence;
    }
    expect(new Set(of('broker-a').map(({ incarnation }) => incarnation)).size).toBe(1);
  });

  it('answers a hello with a beat, and a question with a snapshot', async () => {
    const before = of('broker-b').length;
    bus.publish(subjects.presenceHello, {});
    const beat = await until(() => of('broker-b')[before]);
    expect(beat).toMatchObject({ type: 'broker-beat', url: other.url, isDraining: false });

    const worker = await ScriptedWorker.start(stage.url);
    await until(() => latest(worker.sessionId)?.models.length === 1);
    const pages: PresenceSnapshot[] = [];
    const inbox = bus.inbox();
    bus.subscribe(inbox, PresenceSnapshot, (page) => void pages.push(page));
    bus.publish(subjects.presenceSnapshot('broker-a'), {}, inbox);
    const page = await until(() => pages[0]);
    expect(page).toMatchObject({ page: 0, pages: 1, url: stage.url });
    expect(page.sessions.map(({ sessionId }) => sessionId)).toContain(worker.sessionId);
    // Further events may have come while we looked.
    expect(of('broker-a').map(({ sequence }) => sequence)).toContain(page.sequence);
  });

  it('lets a worker that has moved to another instance exist there only', async () => {
    const here = await ScriptedWorker.start(stage.url);
    await until(() => latest(here.sessionId)?.models.length === 1);
    const there = await ScriptedWorker.start(other.url);
    expect(await here.end()).toEqual({ code: 4001, reason: 'superseded' });
    await until(() => latest(there.sessionId)?.models.length === 1);
    expect(latest(there.sessionId)?.epoch).toBeGreaterThan(latest(here.sessionId)?.epoch ?? 0);
    expect(there.closed).toBeUndefined();
  });

  it('leaves politely: nothing new, what runs ends, workers are told to move', async () => {
    const leaving = await startStage({ BROKER_ID: 'broker-c', BROKER_DRAIN_GRACE_MS: '5000' });
    const identity = { username: 'other', registrationToken: 'reg_other' };
    const busy = await ScriptedWorker.start(leaving.url, {
      ...identity,
      clientId: 'client-1',
      capabilities: { operations: ['drain'] },
    });
    const idle = await ScriptedWorker.start(leaving.url, { ...identity, clientId: 'client-2' });
    await until(() => latest(idle.sessionId)?.models.length === 1);
    await until(() => latest(busy.sessionId)?.models.length === 1);
    const asked = Promise.withResolvers<Frame>();
    busy.on('chat.completions', asked.resolve);
    const running = openCall(leaving.url, { sessionId: busy.sessionId });
    const frame = await asked.promise;
    const closed = leaving.close();
    expect(await idle.end()).toEqual({ code: 1001, reason: 'drained' });
    expect(of('broker-c').some((event) => event.type === 'broker-beat' && event.isDraining)).toBe(
      true,
    );
    const late = await openCall(leaving.url, { sessionId: busy.sessionId }).answer;
    expect(late).toMatchObject({ status: 503, fault: 'SESSION_DRAINING' });
    await expect(ScriptedWorker.connect(leaving.url)).rejects.toBeInstanceOf(Refusal);
    const farewell = await busy.frame(({ op }) => op === 'drain');
    expect(farewell).toMatchObject({ v: 1, payload: { grace_ms: expect.any(Number) } });
    expect(idle.frames.map(({ op }) => op)).not.toContain('drain');
    const moved = await ScriptedWorker.start(other.url, { ...identity, clientId: 'client-1' });
    await until(() => latest(moved.sessionId)?.models.length === 1);
    busy.answer(frame, { status: 'ok', payload: { choices: [] } });
    expect((await running.answer).status).toBe(200);
    expect(await busy.end()).toEqual({ code: 1001, reason: 'drained' });
    await closed;
    const downs = of('broker-c').filter(({ type }) => type === 'session-down');
    expect(downs).toHaveLength(2);
  });
});
