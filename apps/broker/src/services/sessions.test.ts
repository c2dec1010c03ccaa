import type { PresenceEvent } from '@aisbf/contracts';
import { Clock, createLog, Metrics, readConfig } from '@aisbf/platform';
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BrokerLimits, brokerSettings } from '../config.js';
import type { OwnerNews } from '../domain/owner-event.js';
import type { WorkerIdentity } from '../domain/worker-identity.js';
import { BrokerEvents } from '../events.js';
import { Presence, PresenceBus } from './presence.js';
import { hashToken } from './session.js';
import { Sessions } from './sessions.js';
import { WorkerSocket } from './worker-socket.js';

class SetClock extends Clock {
  timeMs = 1_000_000;
  override nowMs(): number {
    return this.timeMs;
  }
}

class ListedBus extends PresenceBus {
  readonly events: PresenceEvent[] = [];
  override publish(event: PresenceEvent): void {
    this.events.push(event);
  }
  override reply(): void {
    throw new Error('nobody asks');
  }
  override async flush(): Promise<void> {}
}

class ListedSocket extends WorkerSocket {
  readonly sent: string[] = [];
  closed: { code: number; reason: string } | undefined;
  override backlogBytes = 0;
  override send(frame: string | Buffer, onRead?: () => void): void {
    this.sent.push(frame.toString());
    onRead?.();
  }
  override sendBinary(): void {
    throw new Error('these workers know no binary frames');
  }
  override ping(): void {}
  override close(code: number, reason: string): void {
    this.closed ??= { code, reason };
  }
}

const identity = (clientId: string): WorkerIdentity => ({
  providerId: '11111111-1111-4111-8111-111111111111',
  providerName: 'rig',
  ownerId: '22222222-2222-4222-8222-222222222222',
  username: 'seller',
  clientId,
});

/** One for all: each of them watches the whole process. */
const metrics = new Metrics('test');

const stages: Sessions[] = [];

/** What is still asked of a worker is waited for, so it must end with its test. */
afterEach(() => {
  for (const sessions of stages.splice(0)) {
    for (const session of [...sessions.all()]) session.end('drained');
  }
});

function stage() {
  const clock = new SetClock();
  const bus = new ListedBus();
  const limits = new BrokerLimits(
    readConfig(brokerSettings, {
      AISBF_INTERNAL_SECRET: 'a-secret-of-sixteen-or-more',
      AISBF_NATS_URL: 'nats://localhost',
      BROKER_ROUTER_URL: 'http://localhost',
      BROKER_ACCOUNTS_URL: 'http://localhost',
    }),
  );
  metrics.registry.clear();
  const told: OwnerNews[] = [];
  const events = new BrokerEvents(createLog('test', 'silent'), metrics, clock, {
    record: (_, news) => told.push(news),
  });
  const presence = new Presence(bus, clock, { brokerId: 'b', loadIntervalMs: 10 });
  const sessions = new Sessions(clock, limits, events, presence);
  const open = (clientId: string) => {
    const socket = new ListedSocket();
    const session = sessions.open(identity(clientId), hashToken('token'), socket);
    return { session, socket };
  };
  stages.push(sessions);
  return { clock, bus, sessions, told, open };
}

const register =
  '{"v":1,"op":"register","request_id":"r","payload":{"capabilities":{"server":"x"}}}';

type Opened = ReturnType<ReturnType<typeof stage>['open']> & { client: string };
type Step = { client: string; what: 'open' | 'close-old' | 'close-any' | 'speak'; which: number };

/** Plays connections against each other; gives all there were, and the newest that is not closed of each. */
function race(steps: readonly Step[], { open, clock }: ReturnType<typeof stage>) {
  const opened: Opened[] = [];
  const newest = new Map<string, Opened>();
  const play = ({ client, what, which }: Step): void => {
    const entry = what === 'open' ? { ...open(client), client } : opened[which % opened.length];
    if (!entry) return;
    const isNewest = newest.get(entry.client) === entry;
    if (what === 'open') {
      opened.push(entry);
      newest.set(client, entry);
    } else if (what === 'close-any' || (what === 'close-old' && !isNewest)) {
      entry.session.end('worker_left');
      if (isNewest) newest.delete(entry.client);
    }
    entry.session.onText(register);
  };
  for (const step of steps) {
    clock.timeMs += step.which % 3;
    play(step);
  }
  return { opened, alive: [...newest.values()].map(({ session }) => session) };
}

describe(Sessions, () => {
  it('keeps exactly the newest of each identity, in 10,000 races, however openings and late closings race', () => {
    const step = fc.record<Step>({
      client: fc.constantFrom('c1', 'c2'),
      what: fc.constantFrom('open', 'close-old', 'close-any', 'speak'),
      which: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), (steps) => {
        const made = stage();
        const { opened, alive } = race(steps, made);
        expect(new Set(made.sessions.all())).toEqual(new Set(alive));
        for (const { session, socket } of opened) {
          const isAlive = alive.includes(session);
          expect(made.sessions.find(session.id)).toBe(isAlive ? session : undefined);
          expect(socket.closed === undefined).toBe(isAlive);
        }
        expect(present(made.bus.events)).toEqual(new Set(alive.map(({ id }) => id)));
        for (const client of ['c1', 'c2']) {
          const own = opened.filter((entry) => entry.client === client);
          const epochs = own.map(({ session }) => session.epoch);
          expect(epochs).toEqual([...new Set(epochs)].sort((a, b) => a - b));
        }
      }),
      // Ten thousand reconnects and more, of two machines at once.
      { numRuns: 700 },
    );
  });

  it('ends whoever registers or beats without end', () => {
    const { open } = stage();
    const { session, socket } = open('c1');
    for (let count = 0; count <= 240; count += 1) session.onText(register);
    expect(socket.closed).toEqual({ code: 1013, reason: 'flooding' });
    const questions = socket.sent.filter((frame) => frame.includes('models.list'));
    expect(questions).toHaveLength(1);
  });

  it('ends whoever reads nothing of much for half a minute, and nobody who reads slowly', () => {
    const { open, clock } = stage();
    const { session, socket } = open('c1');
    session.onText(register);
    socket.backlogBytes = 9_000_000;
    const endedAfter = (ms: number) => {
      clock.timeMs += ms;
      session.onText('{"op":"heartbeat","request_id":"h"}');
      session.visit(clock.timeMs);
      return socket.closed;
    };
    expect(endedAfter(0)).toBeUndefined();
    expect(endedAfter(29_000)).toBeUndefined();
    socket.onProgress();
    expect(endedAfter(29_000)).toBeUndefined();
    expect(endedAfter(2_000)).toEqual({ code: 1013, reason: 'not_reading' });
  });

  it('does not look into a large frame that nobody has asked for', () => {
    const { open, told } = stage();
    const { session, socket } = open('c1');
    session.onText(register);
    const id = /"request_id":"(models.list[^"]*)"/.exec(socket.sent.join())?.[1];
    session.onText(`{"request_id":"${id}","status":"ok","payload":{"data":[]}}`);
    session.onText(`{"request_id":"${id}","junk":"${'x'.repeat(1_048_576)}"}`);
    expect(told.at(-1)).toMatchObject({ event: 'frame-unreadable', detail: 'unasked' });
  });

  it('yields to the same identity elsewhere only where that is the newer one', () => {
    const { sessions, open } = stage();
    const { session, socket } = open('c1');
    session.onText(register);
    const presence = session.presence();
    if (!presence) throw new Error('not present');
    sessions.seeElsewhere('other', { ...presence, epoch: session.epoch - 1 });
    expect(socket.closed).toBeUndefined();
    sessions.seeElsewhere('other', { ...presence, epoch: session.epoch + 10 });
    expect(socket.closed).toEqual({ code: 4001, reason: 'superseded' });
    expect(open('c1').session.epoch).toBeGreaterThan(session.epoch + 10);
  });
});

/** Who is there by the events alone, as a router would know. */
function present(events: readonly PresenceEvent[]): Set<string> {
  const ids = new Set<string>();
  for (const event of events) {
    if (event.type === 'session-up') ids.add(event.session.sessionId);
    if (event.type === 'session-down') ids.delete(event.sessionId);
  }
  return ids;
}
