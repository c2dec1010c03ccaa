import {
  PresenceEvent,
  type PresenceSnapshot,
  type SessionPresence,
  subjects,
} from '@aisbf/contracts';
import { createLog, NatsBus } from '@aisbf/platform';
import { natsUrl, until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import {
  type BrokerProcess,
  startBrokerProcess,
  processMsMax as timeoutMs,
} from './broker-process.js';
import { openCall, type Stage, startStage } from './broker-stage.js';
import { type FakePeers, sellerProvider, startFakePeers } from './fake-peers.js';
import { type Frame, ScriptedWorker } from './scripted-worker.js';

/** Who is where, as a router would have it from the events alone. */
class FollowedPresence {
  private readonly sessions = new Map<string, SessionPresence & { brokerId: string }>();
  private readonly heardAtMs = new Map<string, number>();

  onEvent(event: PresenceEvent): void {
    const { brokerId } = event;
    this.heardAtMs.set(brokerId, Date.now());
    if (event.type === 'session-up') {
      this.sessions.set(event.session.sessionId, { ...event.session, brokerId });
    }
    if (event.type === 'session-down') this.sessions.delete(event.sessionId);
  }

  /** Of each identity the highest epoch is the only real one, and a silent broker has none. */
  whereIs(clientId: string, silenceMsMax = 3_000): string | undefined {
    const found = [...this.sessions.values()]
      .filter((session) => session.clientId === clientId)
      .filter(({ brokerId }) => Date.now() - (this.heardAtMs.get(brokerId) ?? 0) <= silenceMsMax)
      .sort((one, other) => other.epoch - one.epoch);
    return found[0]?.brokerId;
  }

  epochOf(sessionId: string): number | undefined {
    return this.sessions.get(sessionId)?.epoch;
  }
}

describe('two instances on one bus', () => {
  let near: Stage;
  let peers: FakePeers;
  let bus: NatsBus;
  let far: BrokerProcess;
  const view = new FollowedPresence();

  beforeAll(async () => {
    const log = createLog('test', 'silent');
    bus = await NatsBus.connect({ url: await natsUrl(), name: 'test', log });
    bus.subscribe(subjects.presenceEvent, PresenceEvent, (event) => view.onEvent(event));
    await bus.flush();
    peers = await startFakePeers();
    far = await startBrokerProcess(peers.url, { BROKER_ID: 'far' });
    near = await startStage({ BROKER_ID: 'near' });
  }, timeoutMs);
  afterAll(async () => {
    await far.kill();
    await near.close();
    await peers.close();
    await bus.close();
  });

  it('closes the first connection where the same worker comes to the other instance', async () => {
    const first = await ScriptedWorker.start(far.url);
    await until(() => view.whereIs('client-1') === 'far');
    const second = await ScriptedWorker.start(near.url);
    expect(await first.end()).toEqual({ code: 4001, reason: 'superseded' });
    await until(() => view.whereIs('client-1') === 'near');
    const third = await ScriptedWorker.start(far.url);
    expect(await second.end()).toEqual({ code: 4001, reason: 'superseded' });
    await until(() => view.whereIs('client-1') === 'far');
    expect(third.closed).toBeUndefined();
    third.socket.terminate();
    await until(() => view.whereIs('client-1') === undefined);
  });

  it('asks whoever was there before it, so that a later connection has the higher epoch', async () => {
    const epoch = Date.now() + 600_000;
    const ghost = ghostWith(epoch);
    bus.subscribe(subjects.presenceSnapshot('ghost'), z.unknown(), (_, reply) =>
      bus.publish(reply ?? '', ghost),
    );
    bus.subscribe(subjects.presenceHello, z.unknown(), () =>
      bus.publish(subjects.presenceEvent, {
        type: 'broker-beat',
        brokerId: 'ghost',
        incarnation: 'i',
        sequence: 1,
        url: 'http://ghost',
        isDraining: false,
      }),
    );
    const late = await startStage({ BROKER_ID: 'late' });
    try {
      await until(async () => {
        const worker = await ScriptedWorker.start(late.url, { clientId: 'client-2' });
        // One that came before the answer is closed by it, and was perhaps never told of.
        const isGone = () => (worker.closed ? 0 : undefined);
        const seen = await until(() => view.epochOf(worker.sessionId) ?? isGone());
        worker.socket.terminate();
        return seen > epoch;
      });
    } finally {
      await late.close();
    }
  });

  it(
    'loses what a killed instance had, typed and soon, and the worker is back on the other',
    async () => {
      const worker = await ScriptedWorker.start(far.url);
      await until(() => view.whereIs('client-1') === 'far');
      const asked = Promise.withResolvers<Frame>();
      worker.on('chat.completions', asked.resolve);
      const running = openCall(far.url, { sessionId: worker.sessionId });
      running.response.catch(() => undefined);
      await asked.promise;
      const killedAtMs = Date.now();
      far.child.kill('SIGKILL');
      await expect(running.answer).rejects.toThrow();
      await worker.end();
      expect(Date.now() - killedAtMs).toBeLessThan(2_000);
      const back = await ScriptedWorker.start(near.url);
      await until(() => view.whereIs('client-1') === 'near');
      expect(Date.now() - killedAtMs).toBeLessThan(15_000);
      expect(back.closed).toBeUndefined();
    },
    timeoutMs,
  );
});

function ghostWith(epoch: number): PresenceSnapshot {
  return {
    type: 'presence-snapshot',
    brokerId: 'ghost',
    incarnation: 'i',
    sequence: 1,
    url: 'http://ghost',
    page: 0,
    pages: 1,
    sessions: [
      {
        sessionId: 'of-the-ghost',
        epoch,
        providerId: sellerProvider.providerId,
        ownerId: sellerProvider.ownerId,
        username: 'seller',
        clientId: 'client-2',
        connectedAtMs: 0,
        state: 'serving',
        models: [],
        hardware: null,
        frameBytesMax: 65_536,
        inFlight: 0,
        inFlightMax: 1,
        queued: 0,
      },
    ],
  };
}
