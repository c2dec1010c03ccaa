import type { Checkpoint, CheckpointResult } from '@aisbf/contracts';
import { Clock, createLog } from '@aisbf/platform';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { SoFar } from '../domain/so-far.js';
import { CheckpointKeeper, CheckpointSettings, Checkpoints } from './checkpoints.js';

class SetClock extends Clock {
  at = 1_000;

  nowMs(): number {
    return this.at;
  }
}

/** Answers each call as the test says. */
class ToldKeeper extends CheckpointKeeper {
  readonly calls: (readonly Checkpoint[])[] = [];
  answer: (checkpoint: Checkpoint) => CheckpointResult = () => 'kept';
  onCall: () => void = () => {};

  keep(checkpoints: readonly Checkpoint[]): Promise<readonly CheckpointResult[]> {
    this.calls.push(checkpoints);
    this.onCall();
    return Promise.resolve(checkpoints.map(this.answer));
  }

  /** Which requests were told of, call by call, and with how many tokens. */
  get told() {
    return this.calls.map((call) =>
      call.map(({ requestId, progress }) => `${requestId} ${progress.delivered.completion_token}`),
    );
  }
}

const everyMs = 100;

let clock: SetClock;
let keeper: ToldKeeper;
let checkpoints: Checkpoints;

beforeEach(() => {
  [clock, keeper] = [new SetClock(), new ToldKeeper()];
  const settings = new CheckpointSettings(everyMs, 2);
  checkpoints = new Checkpoints(keeper, clock, createLog('test', 'silent'), settings);
});

/** A request that delivers when the test says so. */
function watched(requestId: string) {
  const state: { soFar: SoFar | undefined } = { soFar: undefined };
  const unwatch = checkpoints.watch({
    ...{ requestId, holdEpoch: 1, ticket: null, servedPosition: 0, soFar: () => state.soFar },
  });
  const deliver = (tokens: number) => {
    state.soFar = { finished: {}, delivered: { completion_token: tokens } };
  };
  return { deliver, unwatch };
}

describe(Checkpoints, () => {
  it('tells of nothing that ends sooner, and of nothing that has delivered nothing', async () => {
    const [short, slow] = [watched('short'), watched('slow')];
    short.deliver(5);
    clock.at += everyMs - 1;
    await checkpoints.round();
    short.unwatch();
    clock.at += 1;
    await checkpoints.round();
    expect(keeper.calls).toEqual([]);
    slow.deliver(1);
    await checkpoints.round();
    expect(keeper.told).toEqual([['slow 1']]);
  });

  it('tells of each again when it has got further, and not before, in rising order', async () => {
    const [one, other] = [watched('one'), watched('other')];
    for (const { deliver } of [one, other]) deliver(5);
    clock.at += everyMs;
    await checkpoints.round();
    await checkpoints.round();
    other.deliver(6);
    await checkpoints.round();
    expect(keeper.told).toEqual([['one 5', 'other 5'], ['other 6']]);
    const ordinals = keeper.calls.flat().map(({ progress }) => progress.ordinal);
    expect(ordinals).toEqual([1, 2, 3]);
  });

  it('tells so many in one call, the next in another, and none that has ended meanwhile', async () => {
    const all = ['a', 'b', 'c', 'd'].map((id) => watched(id));
    for (const { deliver } of all) deliver(1);
    clock.at += everyMs;
    keeper.onCall = () => all[2]?.unwatch();
    await checkpoints.round();
    expect(keeper.told).toEqual([['a 1', 'b 1'], ['d 1']]);
  });

  it('tells again what could not be told, and what was busy; not what nobody wants to know', async () => {
    const answers: Record<string, CheckpointResult> = { busy: 'busy', gone: 'missing' };
    keeper.answer = ({ requestId }) => answers[requestId] ?? 'kept';
    for (const id of ['busy', 'gone']) watched(id).deliver(1);
    clock.at += everyMs;
    keeper.onCall = () => {
      throw new Error('accounts is away');
    };
    await checkpoints.round();
    keeper.onCall = () => {};
    await checkpoints.round();
    await checkpoints.round();
    const both = ['busy 1', 'gone 1'];
    expect(keeper.told).toEqual([both, both, ['busy 1']]);
  });
});
