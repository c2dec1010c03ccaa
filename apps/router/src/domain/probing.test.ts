import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  chatsAtWorker,
  chatsWhenHosted,
  isFree,
  probingOf,
  recheckKind,
  restMs,
} from './probing.js';
import { openPolicy } from './provider-policy.js';

const installed = { models: 'on', completion: 'doubtful' } as const;
const down = { failures: 1, lastEndAtMs: 0, untilMs: 1_000 };

describe(probingOf, () => {
  it('is as the owner says, and as installed where the owner says nothing', () => {
    expect(probingOf({}, installed)).toEqual(installed);
    expect(probingOf({ policy: openPolicy }, installed)).toEqual(installed);
    const probes = { models: 'off', completion: null } as const;
    expect(probingOf({ policy: { ...openPolicy, probes } }, installed)).toEqual({
      models: 'off',
      completion: 'doubtful',
    });
  });
});

describe('who is asked for words', () => {
  it.each([
    [undefined, {}, true],
    [undefined, { completion_token: 1n }, true],
    [undefined, { request: 1n }, true],
    [undefined, { prompt_token: 1n }, false],
    [undefined, { image: 1n }, false],
    [['images.generations'], {}, false],
    [['chat.completions'], {}, true],
  ] as const)('hosted, with endpoints %j and prices %j: %j', (endpoints, prices, chats) => {
    const policy = endpoints && { ...openPolicy, endpoints };
    expect(chatsWhenHosted(policy, prices as Parameters<typeof chatsWhenHosted>[1])).toBe(chats);
  });

  it('at a worker, whatever it says nothing against', () => {
    expect(chatsAtWorker({}, {})).toBe(true);
    expect(chatsAtWorker({ outputs: ['embedding'] }, {})).toBe(false);
    expect(chatsAtWorker({ outputs: ['text', 'audio'] }, {})).toBe(true);
    expect(chatsAtWorker({}, { endpoints: ['/v1/images/generations'] })).toBe(false);
    expect(chatsAtWorker({}, { endpoints: ['/v1/chat/completions'] })).toBe(true);
  });
});

describe(isFree, () => {
  const session = { state: 'serving', inFlight: 1, inFlightMax: 2, queued: 0 } as const;

  it('is a worker that has room', () => {
    expect(isFree(session as Parameters<typeof isFree>[0])).toBe(true);
    for (const change of [{ inFlight: 2 }, { queued: 1 }, { state: 'suspect' as const }]) {
      expect(isFree({ ...session, ...change } as Parameters<typeof isFree>[0])).toBe(false);
    }
  });
});

describe(recheckKind, () => {
  it.each([
    ['server_error', installed, true, 'completion'],
    ['server_error', { ...installed, completion: 'off' }, true, undefined],
    ['server_error', installed, false, undefined],
    ['unreachable', installed, false, 'models'],
    ['unreachable', { ...installed, models: 'off' }, true, 'completion'],
    ['rejected_credentials', { models: 'on', completion: 'off' }, true, 'models'],
  ] as const)('of %s with %j is by a chatting one (%j): %s', (reason, probing, chats, kind) => {
    expect(recheckKind({ ...down, reason }, probing, chats)).toBe(kind);
  });

  it('is none of one that is well', () => {
    expect(recheckKind({ ...down, failures: 0 }, installed, true)).toBeUndefined();
  });
});

describe(restMs, () => {
  it('grows with the failures, to the longest and no further', () => {
    fc.assert(
      fc.property(fc.nat(2_000), fc.integer({ min: 1, max: 60_000 }), (failures, baseMs) => {
        const rest = { baseMs, maxMs: 900_000 };
        expect(restMs(0, rest)).toBe(0);
        expect(restMs(failures + 1, rest)).toBeGreaterThanOrEqual(restMs(failures, rest));
        expect(restMs(failures, rest)).toBeLessThanOrEqual(900_000);
      }),
    );
  });
});
