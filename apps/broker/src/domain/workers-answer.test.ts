import { WorkersPage } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LivePeers } from './live-peers.js';
import {
  fromWorkersPages,
  isMeant,
  joinAnswers,
  mayView,
  toWorkersPages,
  type WorkersAnswer,
} from './workers-answer.js';

type Session = WorkersAnswer['sessions'][number];

const session = (number: number, changes: Partial<Session> = {}): Session => ({
  session_id: `s-${number}`,
  broker_id: 'near',
  provider_id: 'rig',
  client_id: `c-${number}`,
  username: 'seller',
  connected_at_ms: number,
  state: 'serving',
  heardAtMs: number,
  hardware: null,
  capabilities: null,
  measured: [],
  presence: null,
  ...changes,
});
const event = (number: number): WorkersAnswer['events'][number] => ({
  type: 'owner-event',
  eventId: `11111111-1111-4111-8111-${String(number).padStart(12, '0')}`,
  brokerId: 'near',
  username: 'seller',
  providerId: '11111111-1111-4111-8111-111111111111',
  providerName: 'rig',
  kind: 'session',
  event: 'session-closed',
  clientId: 'c',
  sessionId: null,
  detail: 'x'.repeat(1_000),
  count: 1,
  atMs: number,
});
const many = <One>(count: number, make: (number: number) => One): One[] =>
  Array.from({ length: count }, (_, number) => make(number));

const fullCapabilities = {
  server: null,
  version: null,
  transports: [],
  operations: [],
  endpoints: [],
  extensions: [],
  paths: null,
  frameBytesMax: null,
  concurrencyMax: null,
  stated: 's'.repeat(16_384),
};

describe(toWorkersPages, () => {
  it('gives messages of the agreed form, none larger than the bus takes, and nothing gets lost', () => {
    fc.assert(
      fc.property(fc.nat(450), fc.nat(900), (sessions, events) => {
        const answer = {
          count: sessions,
          sessions: many(sessions, (number) => session(number, { capabilities: fullCapabilities })),
          events: many(events, event),
        };
        const pages = toWorkersPages('near', answer);
        for (const [place, page] of pages.entries()) {
          expect(WorkersPage.parse(page)).toMatchObject({ page: place, pages: pages.length });
          expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(1_000_000);
        }
        expect(fromWorkersPages(pages)).toEqual(answer);
      }),
      { numRuns: 15 },
    );
  });

  it('leaves out the longest words of a worker that says more of itself than a message holds', () => {
    const gpu = { name: 'g'.repeat(255), vendor: 'v'.repeat(255), vramMb: 1, vramMbFree: 1 };
    const hardware = {
      hostname: null,
      platform: null,
      gpus: many(1_024, () => gpu),
      gpuCount: 1_024,
      vramMb: 1,
      vramMbFree: 1,
    };
    const capabilities = fullCapabilities;
    const talkative = session(1, { hardware, capabilities });
    const larger = { ...talkative, measured: many(32, measuredOf) };
    const [page] = toWorkersPages('near', { count: 1, sessions: [larger], events: [] });
    expect(page?.sessions).toEqual([
      {
        ...larger,
        hardware: { ...hardware, gpus: [] },
        capabilities: { ...capabilities, stated: null },
      },
    ]);
  });

  it('has a first page where there is nothing', () => {
    const nothing = { count: 0, sessions: [], events: [] };
    expect(toWorkersPages('near', nothing)).toHaveLength(1);
    expect(fromWorkersPages(toWorkersPages('near', nothing))).toEqual(nothing);
  });
});

function measuredOf(number: number): Session['measured'][number] {
  return {
    model: `${'m'.repeat(3_000)}-${number}`,
    requests: 1,
    successRate: 1,
    firstMs: null,
    firstContentMs: null,
    chunksPerSecond: null,
    contentEventsPerSecond: null,
    claimedElapsedMs: null,
    claimedTokensPerSecond: null,
  };
}

describe(joinAnswers, () => {
  it('lists the oldest sessions of all, up to a thousand, and counts every one', () => {
    const answerOf = (from: number) => ({
      count: 700,
      sessions: many(700, (number) => session(2 * number + from)),
      events: [event(from)],
    });
    const joined = joinAnswers([answerOf(1), answerOf(0)]);
    expect(joined.count).toBe(1_400);
    expect(joined.sessions.map(({ connected_at_ms: atMs }) => atMs)).toEqual(many(1_000, Number));
    expect(joined.events).toEqual([event(1), event(0)]);
  });
});

describe('whose workers are shown', () => {
  it('is for owners their own, for operators all', () => {
    const seller = { username: 'seller', role: 'member' } as const;
    expect(mayView(seller, { username: 'seller' })).toBe(true);
    expect(mayView(seller, { username: 'other' })).toBe(false);
    expect(mayView({ username: 'root', role: 'operator' }, { username: 'other' })).toBe(true);
  });

  it('is one provider, by its id or its name, or all', () => {
    const subject = { providerId: 'p', providerName: 'rig' };
    for (const provider of ['p', 'rig', null]) expect(isMeant(provider, subject)).toBe(true);
    expect(isMeant('q', subject)).toBe(false);
  });
});

describe(LivePeers, () => {
  it('knows those that have been heard of late', () => {
    let nowMs = 0;
    const peers = new LivePeers(4_000, () => nowMs);
    peers.heard('far');
    nowMs = 3_000;
    peers.heard('late');
    nowMs = 4_000;
    expect(peers.living()).toEqual(['far', 'late']);
    nowMs = 4_001;
    expect(peers.living()).toEqual(['late']);
  });

  it('remembers no more than there can be', () => {
    const peers = new LivePeers(4_000, () => 0);
    for (let number = 0; number < 1_000; number += 1) peers.heard(`b-${number}`);
    expect(peers.living()).toHaveLength(256);
    expect(peers.living()).toContain('b-999');
  });
});
