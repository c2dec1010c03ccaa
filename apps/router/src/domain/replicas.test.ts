import { beforeEach, describe, expect, it } from '@jest/globals';
import { Replicas } from './replicas.js';

const limits = { beatMs: 1_000, silenceMsMax: 10_000 };
let replicas: Replicas;

const say = (replicaId: string, revision: number, nowMs: number, isLeaving = false) =>
  replicas.hear({ type: 'catalogue-served', replicaId, revision, isLeaving }, nowMs);

beforeEach(() => {
  replicas = new Replicas(limits);
  replicas.listen(0);
});

describe(Replicas, () => {
  it('says that all serve a revision when each has said so, or a later one', () => {
    say('a', 7, 2_000);
    say('b', 6, 2_000);
    expect(replicas.isServedByAll(7, 2_000)).toBe(false);
    say('b', 8, 2_100);
    expect(replicas.isServedByAll(7, 2_100)).toBe(true);
    expect(replicas.isServedByAll(8, 2_100)).toBe(false);
    expect(replicas.known(2_100)).toEqual([
      { id: 'a', revision: 7 },
      { id: 'b', revision: 8 },
    ]);
  });

  it('counts one that has fallen silent until it is gone', () => {
    say('a', 7, 2_000);
    say('b', 6, 2_000);
    say('a', 7, 12_000);
    expect(replicas.isServedByAll(7, 12_000)).toBe(false);
    expect(replicas.isServedByAll(7, 12_001)).toBe(true);
  });

  it('forgets one that says that it leaves', () => {
    say('a', 7, 2_000);
    say('b', 6, 2_000);
    say('b', 6, 2_001, true);
    expect(replicas.isServedByAll(7, 2_001)).toBe(true);
  });

  it('says so of nobody before all have had the time to be heard, also after it was cut off', () => {
    say('a', 7, 100);
    expect(replicas.isServedByAll(7, 1_999)).toBe(false);
    expect(replicas.isServedByAll(7, 2_000)).toBe(true);
    replicas.listen(5_000);
    expect(replicas.isServedByAll(7, 6_999)).toBe(false);
    expect(replicas.isServedByAll(7, 7_000)).toBe(true);
  });

  it('says so of nobody where nobody is heard', () => {
    expect(replicas.isServedByAll(0, 5_000)).toBe(false);
    expect(new Replicas(limits).isServedByAll(0, 5_000)).toBe(false);
  });
});
