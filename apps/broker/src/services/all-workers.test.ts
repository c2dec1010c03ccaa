import type { WorkerSession } from '@aisbf/contracts';
import { Clock, createLog, Metrics } from '@aisbf/platform';
import { describe, expect, it } from '@jest/globals';
import { LivePeers } from '../domain/live-peers.js';
import type { WorkersAnswer } from '../domain/workers-answer.js';
import { BrokerEvents } from '../events.js';
import { AllWorkers, PeerWorkers } from './all-workers.js';
import type { LocalWorkers } from './local-workers.js';

class StoppedClock extends Clock {
  override nowMs(): number {
    return 0;
  }
}

/** Instances that answer what a test gives them, and the others never. */
class ListedPeers extends PeerWorkers {
  constructor(private readonly answers: ReadonlyMap<string, WorkersAnswer>) {
    super();
  }

  override async find(brokerId: string): Promise<WorkersAnswer> {
    const answer = this.answers.get(brokerId);
    if (!answer) throw new Error('no answer');
    return answer;
  }
}

const session = (username: string, atMs: number): WorkerSession => ({
  session_id: `${username}-${atMs}`,
  broker_id: 'b',
  provider_id: 'rig',
  client_id: 'c',
  username,
  connected_at_ms: atMs,
  state: 'serving',
  heardAtMs: atMs,
  hardware: null,
  capabilities: null,
  measured: [],
  presence: null,
});
const answerOf = (...sessions: WorkerSession[]): WorkersAnswer => ({
  count: sessions.length,
  sessions,
  events: [],
});

function stage(here: WorkersAnswer, peers: Readonly<Record<string, WorkersAnswer | null>>) {
  const living = new LivePeers(1, () => 0);
  for (const brokerId of Object.keys(peers)) living.heard(brokerId);
  const known = Object.entries(peers).flatMap(([id, answer]) =>
    answer ? [[id, answer] as const] : [],
  );
  const history = { record: () => undefined };
  const metrics = new Metrics('test');
  const log = createLog('test', 'silent');
  const events = new BrokerEvents(log, metrics, new StoppedClock(), history);
  const local: Pick<LocalWorkers, 'brokerId' | 'find'> = { brokerId: 'asked', find: () => here };
  return new AllWorkers(local as LocalWorkers, living, new ListedPeers(new Map(known)), events);
}

const seller = { username: 'seller', role: 'member' } as const;

describe(AllWorkers, () => {
  it('joins what all instances say', async () => {
    const workers = stage(answerOf(session('seller', 2)), {
      far: answerOf(session('seller', 1)),
      idle: answerOf(),
    });
    expect(await workers.find({ viewer: seller, provider: null })).toEqual({
      count: 2,
      sessions: [session('seller', 1), session('seller', 2)],
      events: [],
      answeredBy: 'asked',
      incomplete: [],
    });
  });

  it('names those that do not answer', async () => {
    const workers = stage(answerOf(), { mute: null, far: answerOf(), deaf: null });
    const { incomplete } = await workers.find({ viewer: seller, provider: null });
    expect(incomplete).toEqual(['deaf', 'mute']);
  });

  it("passes on nothing that is not the viewer's, whatever an instance says", async () => {
    const careless = answerOf(session('seller', 1), session('other', 2));
    const found = await stage(answerOf(), { careless }).find({ viewer: seller, provider: null });
    expect(found).toMatchObject({ count: 1, sessions: [session('seller', 1)] });
    const operator = { username: 'root', role: 'operator' } as const;
    const all = await stage(answerOf(), { careless }).find({ viewer: operator, provider: null });
    expect(all.count).toBe(2);
  });
});
