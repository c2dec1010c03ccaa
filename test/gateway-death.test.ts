import { EarningsReport, type Receipt, Sales, Statement } from '@aisbf/contracts';
import { FakeRealtime, FakeUpstream, MarketUnderTest, type TestBuyer, until } from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { streamChat } from './chat-stream.js';
import { costOf, unevenPrices } from './price.js';
import { RealtimeSession } from './realtime-session.js';

const prices = { ...unevenPrices, others: { request: '17' } };
/** As long as a request may take, and a second more: whoever is killed is missed soon. */
const totalMs = 5_000;
const holdTtlMs = totalMs + 1_000;
const expiryMsMax = holdTtlMs + 20_000;
/** "Go on." in one message's frame, and a question of a session. */
const promptTokens = { chat: 10, talk: 8 };
/** By the default fee of 5 %. */
const shareOf = (charge: bigint) => charge - (charge * 500n) / 10_000n;

let market: MarketUnderTest;
let upstream: FakeUpstream;
let talks: FakeRealtime;
let release: () => void;

beforeAll(async () => {
  [market, upstream, talks] = await Promise.all([
    MarketUnderTest.start({
      serviceEnv: {
        router: {
          ROUTER_TOTAL_MS_MAX: String(totalMs),
          ROUTER_FIRST_BYTE_MS_MAX: String(totalMs),
          ROUTER_HOLD_TTL_MS: String(holdTtlMs),
          // What a lease pays for is held for so much longer.
          ROUTER_LEASE_ISSUE_MS_MAX: '2000',
        },
        gateway: { GATEWAY_CHECKPOINT_MS: '100' },
        accounts: { ACCOUNTS_REAPER_INTERVAL_MS: '100', ACCOUNTS_LEASE_KEEP: '2' },
      },
    }),
    FakeUpstream.start(['slow']),
    FakeRealtime.start(),
  ]);
  const { operator } = market;
  const chats = await operator.createHttpProvider('chats', upstream.url, ['slow']);
  await operator.putListing(chats, 'slow', prices);
  const talking = await operator.createHttpProvider('talks', talks.url, ['talk'], ['realtime']);
  await operator.putListing(talking, 'talk', prices);
}, 90_000);

beforeEach(() => {
  const held = Promise.withResolvers<void>();
  release = held.resolve;
  upstream.on('slow', async (call) => {
    await call.say(...Array(5).fill(' word'));
    await held.promise;
    await call.answer([' end']).catch(() => undefined);
  });
  talks.on('talk', (call, { type }) => {
    if (type !== 'response.create') return;
    const asked = call.events.filter((event) => event.type === 'response.create').length;
    if (asked === 1) call.answer(['A ', 'whole ', 'answer.']);
    else call.say(call.begin(), ' half', ' an');
  });
});

afterAll(async () => {
  release?.();
  const wrongs = await market?.stop();
  await Promise.all([upstream?.stop(), talks?.stop()]);
  expect(wrongs).toEqual([]);
}, 60_000);

async function buyer(username: string): Promise<TestBuyer> {
  const one = await market.buyer(username);
  await market.untilBuyable(one, 'chats/slow', 'talks/talk');
  return one;
}

/** The id of this buyer's running request, once the ledger knows that so many tokens of it were delivered. */
function checkpointed({ ownerId }: TestBuyer, tokens: number): Promise<string> {
  const known = async () => {
    const [row] = await market.query<{ id: string }>(
      `SELECT id FROM hold WHERE owner_id = $1 AND ((checkpoint).delivered ->> 'completion_token')::int = $2`,
      [ownerId, tokens],
    );
    return row?.id;
  };
  return until(known, { timeoutMs: 10_000, message: `${tokens} tokens are known to the ledger` });
}

/** Of what was paid for one request: from, to, how much. */
async function transfersOf({ id }: Receipt) {
  const rows = await market.query<{ from: string; to: string; amount: string }>(
    `SELECT d.kind AS from, c.kind AS to, f.amount FROM transfer f
     JOIN transaction t ON t.id = f.transaction_id
     JOIN ledger_account d ON d.id = f.debit_account_id JOIN ledger_account c ON c.id = f.credit_account_id
     WHERE t.id = (SELECT transaction_id FROM receipt WHERE id = $1) OR t.external_id = 'service_credit:' || $1
     ORDER BY f.code, f.leg`,
    [id],
  );
  return rows.map(({ from, to, amount }) => `${from} > ${to} ${amount}`);
}

/** A session with one whole answer and a half one, as far as the ledger knows of it. */
async function talkedHalf(one: TestBuyer): Promise<string> {
  const session = await new RealtimeSession(market.url, one, 'talks/talk').opened();
  await session.answer('hello');
  session.ask('hello');
  // Three words and an end, two words.
  return checkpointed(one, 4 + 2);
}

/** Several streams at once, so that the later ones are paid for by a lease; once the ledger knows how far each has got. */
async function readMany(one: TestBuyer): Promise<readonly string[]> {
  const count = 6;
  const known = () =>
    market.query<{ id: string; is_leased: boolean }>(
      `SELECT id, false AS is_leased FROM hold WHERE owner_id = $1 AND (checkpoint).delivered IS NOT NULL
       UNION ALL SELECT x.request_id, true FROM lease_extension x JOIN lease l ON l.id = x.lease_id
       WHERE l.owner_id = $1 AND (x.checkpoint).delivered IS NOT NULL`,
      [one.ownerId],
    );
  for (let started = 1; started <= count; started += 1) {
    void streamChat({ url: market.url, apiToken: one.apiToken, model: 'chats/slow' });
    await until(async () => (await known()).length >= started, { timeoutMs: 10_000 });
  }
  const all = await known();
  expect(all.some(({ is_leased }) => is_leased)).toBe(true);
  return all.map(({ id }) => id);
}

async function expectSettledByCheckpoint(one: TestBuyer, id: string, posted: bigint) {
  const receipt = await market.receipt(one, id, expiryMsMax);
  const second = promptTokens.talk + 4 + promptTokens.talk;
  const [finished, delivered] = [
    { prompt_token: promptTokens.talk, completion_token: 4, request: 1 },
    { prompt_token: promptTokens.talk + second + 1, completion_token: 6, request: 1 },
  ];
  expect(receipt).toMatchObject({
    ...{ state: 'settled', outcome: 'expired', servedBy: { provider: 'global/talks' } },
    ...{ units: finished, delivered },
  });
  const [charge, worth] = [costOf(finished, prices), costOf(delivered, prices)];
  expect(receipt.charge).toBe(String(charge));
  expect(await transfersOf(receipt)).toEqual([
    `buyer_wallet > platform_fee ${charge - shareOf(charge)}`,
    `service_credit > seller_payable ${shareOf(worth) - shareOf(charge)}`,
    `buyer_wallet > seller_payable ${shareOf(charge)}`,
  ]);
  expect(await market.restingWallet(one)).toEqual({ posted: posted - charge, held: 0n });
  expect(await market.violations()).toEqual([]);
}

describe('a gateway that is killed', () => {
  it('costs sellers nothing, and buyers what was finished: a session its whole answers, a stream nothing', async () => {
    const [reader, talker] = [await buyer('reader'), await buyer('talker')];
    const { posted } = await market.wallet(talker);
    const talked = await talkedHalf(talker);
    const read = await readMany(reader);
    await market.market.services.gateway.kill();
    await market.market.services.gateway.restart();

    const delivered = { prompt_token: promptTokens.chat, completion_token: 5, request: 1 };
    for (const id of read) {
      const receipt = await market.receipt(reader, id, expiryMsMax);
      expect(receipt).toMatchObject({
        ...{ state: 'released', outcome: 'expired', charge: '0', units: {}, delivered },
        servedBy: { provider: 'global/chats', model: 'slow' },
      });
      expect(await transfersOf(receipt)).toEqual([
        `service_credit > seller_payable ${shareOf(costOf(delivered, prices))}`,
      ]);
    }
    await expectSettledByCheckpoint(talker, talked, posted);
  }, 60_000);

  it('shows sellers what the platform has paid, in the sums and in the list that they are of', async () => {
    const { operator } = market;
    const today = new Date().toISOString().slice(0, 10);
    const days = `from=${today.slice(0, 8)}01&to=${today}`;
    const report = await operator.call(
      'GET',
      `/api/account/earnings?${days}&by=model`,
      EarningsReport,
    );
    const { sales } = await operator.call('GET', '/api/account/sales', Sales);
    const sumOf = (amounts: readonly string[]) =>
      amounts.reduce((sum, one) => sum + BigInt(one), 0n);
    expect(BigInt(report.serviceCredit)).toBeGreaterThan(0n);
    expect(sumOf(sales.map((one) => one.serviceCredit))).toBe(BigInt(report.serviceCredit));
    expect(sumOf(sales.map(({ net }) => net))).toBe(BigInt(report.net));
    expect(sales.length).toBe(report.requests);
    expect(sales.find(({ model }) => model === 'slow')).toMatchObject({
      ...{ outcome: 'expired', gross: '0', units: { completion_token: 0 } },
      delivered: { prompt_token: promptTokens.chat, completion_token: 5 },
    });
    const month = new Date().toISOString().slice(0, 7);
    const { earnings } = await operator.call(
      'GET',
      `/api/account/statement?month=${month}`,
      Statement,
    );
    const credits = earnings.lines.filter(({ kind }) => kind === 'service_credit');
    expect(sumOf(credits.map(({ amount }) => amount))).toBe(BigInt(report.serviceCredit));
  });
});

describe('a gateway that was thought dead', () => {
  it('reports the end of its sessions in vain: they are paid for already', async () => {
    const talker = await buyer('sleeper');
    const { posted } = await market.wallet(talker);
    const { pid } = market.market.services.gateway;
    if (pid === undefined) throw new Error('the gateway does not run');
    const id = await talkedHalf(talker);
    process.kill(pid, 'SIGSTOP');
    try {
      const ended = () => market.query('SELECT FROM receipt WHERE id = $1', [id]);
      await until(async () => (await ended()).length > 0, { timeoutMs: expiryMsMax });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    // It wants the hold to be renewed, hears that there is none, and reports what was finished.
    const fenced = async () => {
      const text = 'SELECT command FROM fenced_settlement WHERE hold_id = $1';
      const [row] = await market.query<{ command: { outcome: string } }>(text, [id]);
      return row?.command.outcome;
    };
    expect(await until(fenced, { timeoutMs: 20_000 })).toBe('completed');
    await expectSettledByCheckpoint(talker, id, posted);
  }, 60_000);
});
