import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  internalHeaders,
  internalPaths,
  type Settle,
  streams,
  subjects,
  UsageSettled,
} from '@aisbf/contracts';
import { FakeUpstream, MarketUnderTest, type TestBuyer, until } from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type StreamEnd, streamChat } from './chat-stream.js';
import { ledgerEntries } from './load.js';
import { costOf, unevenPrices } from './price.js';

let market: MarketUnderTest;
let upstream: FakeUpstream;
let buyer: TestBuyer;
let bus: NatsConnection;

/** "Go on." in one message's frame, and the words of an answer. */
const units = { prompt_token: 10, completion_token: 4 };
const charge = costOf(units);

/** A stream that has said its first words and waits to be let on. */
type HeldStream = Readonly<{ requestId: string; finish: () => Promise<StreamEnd> }>;

let goOn: PromiseWithResolvers<void>;

async function begin(): Promise<HeldStream> {
  goOn = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const known = new Set((await ledgerEntries(market)).map(({ id }) => id));
  const ending = streamChat({
    url: market.url,
    apiToken: buyer.apiToken,
    model: 'hosted/plain',
    onText: () => begun.resolve(),
  });
  await begun.promise;
  const entry = (await ledgerEntries(market)).find(({ id }) => !known.has(id));
  if (!entry) throw new Error('The ledger knows nothing of the stream.');
  return {
    requestId: entry.id,
    finish: () => {
      goOn.resolve();
      return ending;
    },
  };
}

const entryOf = async (requestId: string) =>
  (await ledgerEntries(market)).find(({ id }) => id === requestId);

const queuedSettlements = async (): Promise<number> => {
  const manager = await jetstreamManager(bus);
  return (await manager.streams.info(streams.settle.name)).state.messages;
};

/** How far accounts have come with the reports on the bus. */
const settleConsumer = async () => {
  const manager = await jetstreamManager(bus);
  const [consumer] = await manager.consumers.list(streams.settle.name).next();
  if (!consumer) throw new Error('Nobody reads the reports.');
  return consumer;
};

/** How often the bus tells that this request was settled. */
async function announcements(requestId: string): Promise<number> {
  const manager = await jetstreamManager(bus);
  const { state } = await manager.streams.info(streams.usage.name);
  let count = 0;
  for (let seq = state.first_seq; seq <= state.last_seq && seq > 0; seq += 1) {
    const message = await manager.streams.getMessage(streams.usage.name, { seq });
    const usages = message ? UsageSettled.parse(message.json()).usages : [];
    count += usages.filter((usage) => usage.requestId === requestId).length;
  }
  return count;
}

/** Waits for the charge, then looks once more after everything that was queued has been read. */
async function expectChargedOnce(requestId: string): Promise<void> {
  const settled = { state: 'settled', captured: String(charge), transactions: 1 };
  await until(async () => (await entryOf(requestId))?.state === 'settled', { timeoutMs: 20_000 });
  await until(async () => (await announcements(requestId)) > 0, { timeoutMs: 20_000 });
  await until(async () => {
    const { num_pending: unread, num_ack_pending: underWay } = await settleConsumer();
    return unread + underWay === 0;
  });
  expect(await entryOf(requestId)).toMatchObject(settled);
  expect(await announcements(requestId)).toBe(1);
}

beforeAll(async () => {
  [market, upstream] = await Promise.all([
    MarketUnderTest.start({
      hasOwnServers: true,
      serviceEnv: {
        gateway: { GATEWAY_SETTLE_RETRY_MS: '100' },
        // Each request with a hold of its own, which can be found while it runs.
        router: { ROUTER_LEASES: 'false' },
        accounts: { ACCOUNTS_STREAMS_INTERVAL_MS: '500' },
      },
    }),
    FakeUpstream.start(['plain']),
  ]);
  bus = await connect({ servers: market.market.servers.nats.url, maxReconnectAttempts: -1 });
  upstream.on('plain', async (call) => {
    await call.say('One ', 'two ');
    await goOn.promise;
    await call.say('three.');
    await call.finish();
  });
  buyer = await market.buyer('alice');
  const hosted = await market.operator.createHttpProvider('hosted', upstream.url, ['plain']);
  await market.operator.putListing(hosted, 'plain', unevenPrices);
  await market.untilBuyable(buyer, 'hosted/plain');
}, 90_000);

let postedBefore = 0n;
beforeEach(async () => {
  postedBefore = (await market.restingWallet(buyer)).posted;
});

afterAll(async () => {
  await bus?.close();
  const wrongs = await market?.stop();
  await upstream?.stop();
  expect(wrongs).toEqual([]);
}, 60_000);

describe('the report of an answer', () => {
  it('waits on the bus while accounts are down, and is booked once when they are back', async () => {
    const { accounts } = market.market.services;
    const { requestId, finish } = await begin();
    await accounts.kill();
    const queued = await queuedSettlements();
    expect(await finish()).toMatchObject({ isSuccess: true, text: 'One two three.' });
    await until(async () => (await queuedSettlements()) > queued, {
      message: 'the report is on the bus',
    });
    expect(await entryOf(requestId)).toMatchObject({ state: 'open', captured: '0' });

    await accounts.restart();
    await expectChargedOnce(requestId);
    expect(await market.restingWallet(buyer)).toEqual({ posted: postedBefore - charge, held: 0n });
  }, 60_000);

  it('is tried again and again while accounts and the bus are both down', async () => {
    const { accounts } = market.market.services;
    const { daemon: nats } = market.market.servers.nats;
    const { requestId, finish } = await begin();
    await Promise.all([accounts.kill(), nats?.kill()]);
    expect(await finish()).toMatchObject({ isSuccess: true });
    expect(await entryOf(requestId)).toMatchObject({ state: 'open', captured: '0' });

    await nats?.restart();
    await accounts.restart();
    await expectChargedOnce(requestId);
    expect(await market.restingWallet(buyer)).toEqual({ posted: postedBefore - charge, held: 0n });
  }, 60_000);

  it('waits on the bus while Postgres is down, however often it is tried', async () => {
    const { daemon: postgres } = market.market.servers.postgres;
    const { requestId, finish } = await begin();
    await postgres?.kill();
    const tried = (await settleConsumer()).delivered.consumer_seq;
    expect(await finish()).toMatchObject({ isSuccess: true });
    await until(async () => (await settleConsumer()).delivered.consumer_seq > tried + 1, {
      message: 'accounts have tried it twice',
    });

    await postgres?.restart();
    await expectChargedOnce(requestId);
    expect(await market.restingWallet(buyer)).toEqual({ posted: postedBefore - charge, held: 0n });
  }, 60_000);

  it('is told of again when the bus has lost everything that it had', async () => {
    const { daemon: nats } = market.market.servers.nats;
    await nats?.kill();
    await rm(join(market.market.dataDir, 'nats'), { recursive: true });
    await nats?.restart();
    const { requestId, finish } = await begin();
    expect(await finish()).toMatchObject({ isSuccess: true });
    await expectChargedOnce(requestId);
    expect(await market.restingWallet(buyer)).toEqual({ posted: postedBefore - charge, held: 0n });
  }, 60_000);

  it('is booked once, though it comes eight times over each way and in between', async () => {
    const { requestId, finish } = await begin();
    const nowMs = Date.now();
    const report: Settle = {
      type: 'settle',
      requestId,
      holdEpoch: 1,
      outcome: 'completed',
      servedPosition: 0,
      ticket: null,
      units,
      reported: null,
      finishReason: 'stop',
      attempts: [],
      startedAtMs: nowMs,
      firstByteAtMs: nowMs,
      endedAtMs: nowMs,
    };
    const results = await deliverEightTimes(report);
    // The bus may have been faster than all eight.
    expect(results.filter((result) => result !== 'replay')).toHaveLength(
      results.includes('settled') ? 1 : 0,
    );
    await expectChargedOnce(requestId);

    // The gateway's own report comes last, and then all of them again with another price on them.
    expect(await finish()).toMatchObject({ isSuccess: true });
    await deliverEightTimes({ ...report, units: { ...units, completion_token: 9_999 } });
    await expectChargedOnce(requestId);
    expect(await market.restingWallet(buyer)).toEqual({ posted: postedBefore - charge, held: 0n });
  }, 60_000);
});

/** Over HTTP as gateways do it, and over the bus, where ids differ so that it drops none. */
async function deliverEightTimes(report: Settle): Promise<readonly string[]> {
  const direct = async () => {
    const response = await fetch(
      `${market.market.services.accounts.url}${internalPaths.accountsSettle}`,
      {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          [internalHeaders.secret]:
            market.market.environment('accounts').AISBF_INTERNAL_SECRET ?? '',
        },
        body: JSON.stringify(report),
      },
    );
    return ((await response.json()) as { result: string }).result;
  };
  const queued = () => jetstream(bus).publish(subjects.settle, JSON.stringify(report));
  const times = Array.from({ length: 8 });
  const [results] = await Promise.all([
    Promise.all(times.map(direct)),
    Promise.all(times.map(queued)),
  ]);
  return results;
}
