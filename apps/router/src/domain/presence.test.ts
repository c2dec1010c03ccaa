import type { PresenceEvent, PresenceSnapshot, SessionPresence } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { presentSession } from '../../test/admit-request.js';
import { Presence, type PresenceEffect } from './presence.js';

const settings = { brokerSilenceMsMax: 4_000, snapshotRetryMs: 1_000, bufferedEventsMax: 50 };
const provider = { id: 'rig', ownerId: 'anna-id', username: 'anna' };
const url = 'http://broker:1';

const session = (sessionId: string, changes: Partial<SessionPresence> = {}): SessionPresence =>
  presentSession(provider, ['llama'], { sessionId, clientId: sessionId, ...changes });

/** A broker's side: numbers its events, answers with what is true at that moment. */
class Broker {
  private sequence = 0;
  readonly sessions = new Map<string, SessionPresence>();

  constructor(
    readonly incarnation = 'first',
    readonly brokerId = 'broker',
  ) {}

  up(one: SessionPresence): PresenceEvent {
    this.sessions.set(one.sessionId, one);
    this.sequence += 1;
    return { type: 'session-up', ...this.from(), session: one };
  }

  down(sessionId: string): PresenceEvent {
    this.sessions.delete(sessionId);
    this.sequence += 1;
    return { type: 'session-down', ...this.from(), sessionId, reason: 'closed' };
  }

  beat(isDraining = false): PresenceEvent {
    return { type: 'broker-beat', ...this.from(), url, isDraining };
  }

  snapshot(pageMax = 2): PresenceSnapshot[] {
    const all = [...this.sessions.values()];
    const pages = Math.max(1, Math.ceil(all.length / pageMax));
    return Array.from({ length: pages }, (_, page) => ({
      type: 'presence-snapshot',
      ...this.from(),
      url,
      page,
      pages,
      sessions: all.slice(page * pageMax, (page + 1) * pageMax),
    }));
  }

  private from() {
    return { brokerId: this.brokerId, incarnation: this.incarnation, sequence: this.sequence };
  }
}

const present = (presence: Presence) =>
  presence
    .sessionsOf(provider.id)
    .map((one) => one.session.sessionId)
    .sort();

const asks: readonly PresenceEffect[] = [{ type: 'ask-snapshot', brokerId: 'broker' }];

const step = fc.record({
  sessionId: fc.constantFrom('a', 'b', 'c', 'd'),
  what: fc.constantFrom('up', 'down', 'beat'),
  fate: fc.constantFrom('arrives', 'arrives', 'lost', 'doubled', 'late'),
  isAnswered: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

/** Between a broker and a router: loses, doubles and delays what it carries. */
class BadWire {
  readonly broker = new Broker();
  readonly presence = new Presence(settings);
  private readonly late: PresenceEvent[] = [];
  private nowMs = 0;

  carry({ sessionId, what, fate, isAnswered }: Step): void {
    this.nowMs += 10;
    const event = this.say(what, sessionId);
    if (fate === 'late') this.late.push(event);
    const times = { arrives: 1, doubled: 2, lost: 0, late: 0 }[fate];
    for (let time = 0; time < times; time += 1) this.deliver(event, isAnswered);
  }

  /** From here on everything arrives. */
  heal(): void {
    for (const event of this.late) this.deliver(event, true);
    this.deliver(this.broker.beat(), true);
    this.nowMs += 2_000;
    if (this.presence.onTick(this.nowMs).length > 0) this.answer();
  }

  private say(what: Step['what'], sessionId: string): PresenceEvent {
    if (what === 'beat') return this.broker.beat();
    return what === 'up' ? this.broker.up(session(sessionId)) : this.broker.down(sessionId);
  }

  private deliver(event: PresenceEvent, isAnswered: boolean): void {
    const isAsked = this.presence.onEvent(event, this.nowMs).length > 0;
    if (isAsked && isAnswered) this.answer();
  }

  private answer(): void {
    for (const page of this.broker.snapshot()) this.presence.onSnapshot(page, this.nowMs);
  }
}

/** A router that follows a broker with these sessions. */
function following(broker: Broker, nowMs = 0): Presence {
  const presence = new Presence(settings);
  expect(presence.onEvent(broker.beat(), nowMs)).toEqual(asks);
  for (const page of broker.snapshot()) expect(presence.onSnapshot(page, nowMs)).toEqual([]);
  return presence;
}

describe('Presence', () => {
  it('learns what there is from a snapshot in pages, and follows from there', () => {
    const broker = new Broker();
    for (const id of ['a', 'b', 'c']) broker.up(session(id));
    const presence = following(broker);
    expect(present(presence)).toEqual(['a', 'b', 'c']);
    expect(presence.onEvent(broker.down('b'), 1)).toEqual([]);
    expect(presence.onEvent(broker.up(session('d')), 1)).toEqual([]);
    expect(present(presence)).toEqual(['a', 'c', 'd']);
  });

  it('knows whether it has heard all that there is to hear', () => {
    const broker = new Broker();
    broker.up(session('a'));
    const presence = new Presence(settings);
    presence.onEvent(broker.beat(), 0);
    expect(presence.isCaughtUp).toBe(false);
    for (const page of broker.snapshot()) presence.onSnapshot(page, 0);
    expect(presence.isCaughtUp).toBe(true);
  });

  it('keeps what comes while it waits for the snapshot', () => {
    const broker = new Broker();
    broker.up(session('a'));
    const presence = new Presence(settings);
    presence.onEvent(broker.beat(), 0);
    const pages = broker.snapshot();
    presence.onEvent(broker.up(session('b')), 0);
    presence.onEvent(broker.down('a'), 0);
    for (const page of pages) presence.onSnapshot(page, 0);
    expect(present(presence)).toEqual(['b']);
  });

  it('asks again when a number is missing, and serves what it knew meanwhile', () => {
    const broker = new Broker();
    broker.up(session('a'));
    const presence = following(broker);
    broker.up(session('lost'));
    expect(presence.onEvent(broker.up(session('b')), 1)).toEqual(asks);
    expect(present(presence)).toEqual(['a']);
    for (const page of broker.snapshot()) presence.onSnapshot(page, 1);
    expect(present(presence)).toEqual(['a', 'b', 'lost']);
  });

  it('finds out from a beat that the last event was lost', () => {
    const broker = new Broker();
    broker.up(session('a'));
    const presence = following(broker);
    broker.down('a');
    expect(presence.onEvent(broker.beat(), 1)).toEqual(asks);
    for (const page of broker.snapshot()) presence.onSnapshot(page, 1);
    expect(present(presence)).toEqual([]);
  });

  it('takes no late answer for the news: what is known is not undone', () => {
    const broker = new Broker();
    broker.up(session('a'));
    const stale = broker.snapshot();
    const presence = following(broker);
    presence.onEvent(broker.up(session('b')), 1);
    broker.up(session('lost'));
    presence.onEvent(broker.beat(), 1);
    for (const page of stale) presence.onSnapshot(page, 1);
    expect(present(presence)).toEqual(['a', 'b']);
    for (const page of broker.snapshot()) presence.onSnapshot(page, 1);
    expect(present(presence)).toEqual(['a', 'b', 'lost']);
  });

  it('asks again for an answer that does not come', () => {
    const broker = new Broker();
    const presence = new Presence(settings);
    presence.onEvent(broker.beat(), 0);
    expect(presence.onTick(999)).toEqual([]);
    expect(presence.onTick(1_000)).toEqual(asks);
    expect(presence.onTick(1_001)).toEqual([]);
  });

  it('drops a broker that has fallen silent, with its sessions, and takes it back when it speaks', () => {
    const broker = new Broker();
    broker.up(session('a'));
    const presence = following(broker);
    presence.onTick(4_000);
    expect(present(presence)).toEqual(['a']);
    presence.onTick(4_001);
    expect(present(presence)).toEqual([]);
    expect(presence.sessionCount).toBe(0);
    expect(presence.onEvent(broker.beat(), 5_000)).toEqual(asks);
    for (const page of broker.snapshot()) presence.onSnapshot(page, 5_000);
    expect(present(presence)).toEqual(['a']);
  });

  it('does not count its own standstill as silence', () => {
    const broker = new Broker();
    broker.up(session('a'));
    const presence = following(broker);
    presence.forgiveSilence(10_000);
    presence.onTick(10_000);
    expect(present(presence)).toEqual(['a']);
  });

  it('forgets the sessions of a broker that has started anew, and what its old self still says', () => {
    const before = new Broker('first');
    before.up(session('old'));
    const presence = following(before);
    const after = new Broker('second');
    expect(presence.onEvent(after.beat(), 1)).toEqual(asks);
    expect(present(presence)).toEqual([]);
    expect(presence.onEvent(before.up(session('ghost')), 2)).toEqual([]);
    for (const page of after.snapshot()) presence.onSnapshot(page, 2);
    presence.onEvent(after.up(session('new')), 3);
    expect(present(presence)).toEqual(['new']);
  });

  it('gives the sessions of a draining broker as draining', () => {
    const broker = new Broker();
    broker.up(session('a'));
    const presence = following(broker);
    presence.onEvent(broker.beat(true), 1);
    expect(presence.sessionsOf(provider.id)[0]?.session.state).toBe('draining');
    presence.onEvent(broker.beat(false), 2);
    expect(presence.sessionsOf(provider.id)[0]?.session.state).toBe('serving');
  });

  it('shows only the newest connection of a worker, wherever it is, and never the overtaken one again', () => {
    const [here, there] = [new Broker('x', 'here'), new Broker('y', 'there')];
    const presence = new Presence(settings);
    for (const broker of [here, there]) {
      presence.onEvent(broker.beat(), 0);
      for (const page of broker.snapshot()) presence.onSnapshot(page, 0);
    }
    presence.onEvent(here.up(session('old', { clientId: 'w', epoch: 1 })), 0);
    presence.onEvent(there.up(session('new', { clientId: 'w', epoch: 2 })), 0);
    expect(present(presence)).toEqual(['new']);
    // What the overtaken one still says counts for nothing.
    presence.onEvent(here.up(session('old', { clientId: 'w', epoch: 1, inFlight: 1 })), 0);
    expect(present(presence)).toEqual(['new']);
    presence.onEvent(there.down('new'), 0);
    expect(present(presence)).toEqual([]);
    presence.onEvent(here.down('old'), 0);
    presence.onEvent(there.up(session('third', { clientId: 'w', epoch: 3 })), 0);
    expect(present(presence)).toEqual(['third']);
  });

  it('counts as routable whoever serves and has a model, each worker once', () => {
    const broker = new Broker();
    const presence = new Presence(settings);
    presence.onEvent(broker.beat(), 0);
    for (const page of broker.snapshot()) presence.onSnapshot(page, 0);
    for (const changes of [
      { sessionId: 'a', clientId: 'w', epoch: 1 },
      { sessionId: 'b', clientId: 'w', epoch: 2 },
      { sessionId: 'c', models: [] },
      { sessionId: 'd', state: 'suspect' as const },
      { sessionId: 'e' },
    ]) {
      presence.onEvent(broker.up(session(changes.sessionId, changes)), 0);
    }
    expect(presence.sessionCount).toBe(5);
    expect(presence.routableCount).toBe(2);
    presence.onEvent(broker.beat(true), 1);
    expect(presence.routableCount).toBe(0);
  });

  it('ends at the truth, whatever was lost, doubled or late on the way', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const wire = new BadWire();
        for (const one of steps) wire.carry(one);
        wire.heal();
        expect(present(wire.presence)).toEqual([...wire.broker.sessions.keys()].sort());
        expect(wire.presence.sessionCount).toBe(wire.broker.sessions.size);
      }),
      { numRuns: 2_000 },
    );
  });
});
