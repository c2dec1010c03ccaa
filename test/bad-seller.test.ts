import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreatedProvider } from '@aisbf/contracts';
import { createSecretToken } from '@aisbf/secrets';
import {
  FakeUpstream,
  FakeWorker,
  type FakeWorkerIdentity,
  MarketUnderTest,
  type TestBuyer,
  type TestShop,
  WorkerRefused,
  type WorkerScript,
} from '@aisbf/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type StreamEnd, streamChat } from './chat-stream.js';
import { costOf, unevenPrices } from './price.js';

let market: MarketUnderTest;
let upstream: FakeUpstream;
let buyer: TestBuyer;
let shop: TestShop;
/** Admits one client id only. */
let strictShop: TestShop;
const workers: FakeWorker[] = [];

const prompt = 'a prompt that nobody but its model may read';
const reply = 'an answer that nobody but its buyer may read';

beforeAll(async () => {
  [market, upstream] = await Promise.all([
    MarketUnderTest.start({
      serviceEnv: { router: { ROUTER_COOLDOWN_MS_BASE: '1', ROUTER_COOLDOWN_MS_MAX: '1' } },
    }),
    FakeUpstream.start(['hosted-model']),
  ]);
  buyer = await market.buyer('alice');
  shop = await market.shop('sam', 'sams', ['model'], unevenPrices);
  await market.shop('sue', 'sues', ['model'], unevenPrices);
  const { provider, registrationToken } = await market.operator.call(
    'POST',
    '/api/catalog/providers',
    CreatedProvider,
    { kind: 'coderai', name: 'strict', username: 'sam', clientIds: ['only-me'] },
  );
  strictShop = {
    username: 'sam',
    provider: 'strict',
    providerId: provider.id,
    registrationToken: registrationToken ?? '',
  };
  const hosted = await market.operator.createHttpProvider('hosted', upstream.url, ['hosted-model']);
  await market.operator.putListing(hosted, 'hosted-model', unevenPrices);
  await market.untilBuyable(buyer, 'hosted/hosted-model');
}, 60_000);

afterEach(async () => {
  for (const worker of workers.splice(0)) worker.stop();
  await market.untilUnbuyable(buyer, 'sams/model');
});

afterAll(async () => {
  const wrongs = await market?.stop();
  await upstream?.stop();
  expect(wrongs).toEqual([]);
}, 60_000);

const identityOf = (of: TestShop, changes: Partial<FakeWorkerIdentity> = {}) => ({
  marketUrl: market.url,
  scope: of.username,
  provider: of.provider,
  clientId: 'only-me',
  registrationToken: of.registrationToken,
  ...changes,
});

async function open(changes: Partial<FakeWorkerIdentity> = {}): Promise<FakeWorker> {
  const worker = await FakeWorker.connect(identityOf(shop, changes));
  workers.push(worker);
  worker.register(['model']);
  return worker;
}

const ask = (model: string, isStream = true): Promise<StreamEnd> =>
  streamChat({
    url: market.url,
    apiToken: buyer.apiToken,
    model,
    fields: { stream: isStream, messages: [{ role: 'user', content: prompt }] },
  });

const receiptOf = (end: StreamEnd) => market.receipt(buyer, String(end.headers['x-request-id']));

const contentEvent = (content: string, finishReason: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ delta: { content }, finish_reason: finishReason }] })}\n\n`;

/** Streams the reply as today's workers do. */
const sayReply: WorkerScript = (frame, worker) => {
  worker.chunk(frame, contentEvent(reply, 'stop'));
  worker.chunk(frame, 'data: [DONE]\n\n');
  worker.reply(frame, { event: 'done', status: 'ok' });
};

describe('a worker that is not let in', () => {
  it.each<[string, () => Partial<FakeWorkerIdentity>]>([
    ['a wrong token', () => ({ registrationToken: createSecretToken('aisbfw').text })],
    ['no token', () => ({ registrationToken: '' })],
    ["a buyer's token", () => ({ registrationToken: buyer.apiToken })],
    ["another provider's token", () => ({ registrationToken: shop.registrationToken })],
    ['a wrong client id', () => ({ clientId: 'somebody-else' })],
    ['no client id', () => ({ clientId: '' })],
    ["another seller's address", () => ({ scope: 'sue', username: 'sam' })],
    ["another seller's address and name", () => ({ scope: 'sue' })],
    ["the operator's address", () => ({ scope: 'global', username: 'sam' })],
    ["another seller's name", () => ({ username: 'sue' })],
    ['an unknown provider', () => ({ provider: 'unknown' })],
    ['a hosted provider', () => ({ scope: 'global', provider: 'hosted' })],
    ['names from nowhere', () => ({ provider: `../x'"\u0000`, username: '*' })],
  ])('has %s', async (_what, changes) => {
    const connecting = FakeWorker.connect(identityOf(strictShop, changes()));
    const refusal = await connecting.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(WorkerRefused);
    const { status, body } = refusal as WorkerRefused;
    expect([401, 403]).toContain(status);
    // Which of the four was wrong is for the owner to know.
    expect(JSON.parse(body)).toEqual({
      error: { code: 'registration_rejected', message: 'registration rejected' },
    });
  });

  it('differs from one that agrees in everything', async () => {
    const worker = await FakeWorker.connect(identityOf(strictShop));
    workers.push(worker);
    await worker.frame(({ event }) => event === 'registered');
  });
});

describe('frames that cannot be read', () => {
  it('disturb no request, as long as they are few', async () => {
    const worker = await open();
    worker.on('chat.completions', (frame) => {
      for (const text of ['no JSON', '[1]', '{"status":"ok"}']) worker.sendText(text);
      sayReply(frame, worker);
    });
    await market.untilBuyable(buyer, 'sams/model');
    const end = await ask('sams/model');
    expect(end).toMatchObject({ isSuccess: true, text: reply });
    expect(worker.closeCode).toBeUndefined();
  });

  it('end the connection when they are many, and what ran costs nothing', async () => {
    const worker = await open();
    worker.on('chat.completions', (frame) => {
      worker.chunk(frame, contentEvent('half'));
      for (let count = 0; count < 12; count += 1) worker.sendText('no JSON');
    });
    await market.untilBuyable(buyer, 'sams/model');
    const end = await ask('sams/model');
    expect(await worker.ended()).toBe(1007);
    expect(end).toMatchObject({ isSuccess: false, isWhole: false });
    expect(await receiptOf(end)).toMatchObject({ outcome: 'seller_failed', charge: '0' });
  });

  it('do not answer for another machine', async () => {
    const honest = await open();
    const liar = await open({ clientId: 'liar' });
    const answerFor: WorkerScript = (frame, worker) => {
      const other = worker === honest ? liar : honest;
      other.chunk(frame, contentEvent('a lie', 'stop'));
      other.reply(frame, { event: 'done', status: 'ok' });
      sayReply(frame, worker);
    };
    for (const worker of [honest, liar]) worker.on('chat.completions', answerFor);
    await market.untilBuyable(buyer, 'sams/model');
    expect(await ask('sams/model')).toMatchObject({ isSuccess: true, text: reply });
  });
});

describe('what a seller says of its usage', () => {
  const lies = [
    ['less than nothing', '{"prompt_tokens":-1,"completion_tokens":-1,"total_tokens":-2}', null],
    ['no number', '{"prompt_tokens":"NaN","completion_tokens":"NaN"}', null],
    ['more than any number', '{"prompt_tokens":1e999,"completion_tokens":1e999}', null],
    ['a list', '[1000000000]', null],
    [
      'a billion',
      '{"prompt_tokens":1000000000,"completion_tokens":1000000000,"total_tokens":2000000000}',
      { promptTokens: 1_000_000_000, completionTokens: 1_000_000_000 },
    ],
    [
      'nothing',
      '{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}',
      { promptTokens: 0, completionTokens: 0 },
    ],
  ] as const;
  // Eight words each, in one message's frame.
  const units = { prompt_token: 16, completion_token: 9 };

  const expectOwnCount = async (end: StreamEnd, reported: object | null) => {
    expect(end.status).toBe(200);
    const receipt = await receiptOf(end);
    expect(receipt).toMatchObject({ outcome: 'completed', units, reported });
    expect(BigInt(receipt.charge)).toBe(costOf(units));
  };

  it.each(lies)('is not the bill: %s, hosted', async (_what, usage, reported) => {
    upstream.on('hosted-model', (call) => call.answer([reply], { usage }));
    const before = await market.restingWallet(buyer);
    await expectOwnCount(await ask('hosted/hosted-model'), reported);
    await expectOwnCount(await ask('hosted/hosted-model', false), reported);
    const after = await market.restingWallet(buyer);
    expect(after.posted).toBe(before.posted - 2n * costOf(units));
  });

  it.each(lies)('is not the bill: %s, from a worker', async (_what, usage, reported) => {
    const worker = await open();
    worker.on('chat.completions', (frame) => {
      if ((frame.payload as { stream?: boolean }).stream === true) {
        worker.chunk(frame, contentEvent(reply, 'stop'));
        worker.chunk(frame, `data: {"choices":[],"usage":${usage}}\n\ndata: [DONE]\n\n`);
        worker.reply(frame, { event: 'done', status: 'ok', payload: { usage: 'none' } });
        return;
      }
      const choice = JSON.stringify({ message: { content: reply }, finish_reason: 'stop' });
      worker.sendText(
        `{"v":1,"status":"ok","request_id":"${frame.request_id}","metrics":{"elapsed_ms":-1},
          "payload":{"choices":[${choice}],"usage":${usage}}}`,
      );
    });
    await market.untilBuyable(buyer, 'sams/model');
    await expectOwnCount(await ask('sams/model'), reported);
    await expectOwnCount(await ask('sams/model', false), reported);
  });

  it('spoils an answer that is no JSON for it, which then costs nothing', async () => {
    const usage = '{"prompt_tokens":NaN,"completion_tokens":NaN}';
    upstream.on('hosted-model', (call) => call.answer([reply], { usage }));
    const whole = await ask('hosted/hosted-model', false);
    expect(whole).toMatchObject({ status: 502, error: { code: 'all_attempts_failed' } });
    const streamed = await ask('hosted/hosted-model');
    // Whether its words have gone out by then depends on whether they came in one piece with what spoils them.
    const code = expect.stringMatching(/^(?:stream_cut|all_attempts_failed)$/);
    expect(streamed).toMatchObject({ isSuccess: false, error: { code } });
    for (const end of [whole, streamed]) {
      expect(await receiptOf(end)).toMatchObject({ outcome: 'seller_failed', charge: '0' });
    }
  });
});

describe('an answer that is none', () => {
  const address = 'http://10.1.2.3:11434/v1';
  const answers: readonly (readonly [string, WorkerScript])[] = [
    ['an error', (frame, worker) => worker.reply(frame, { status: 'error', error: address })],
    [
      'a status of its engine',
      (frame, worker) =>
        worker.reply(frame, { status: 'ok', payload: { status_code: 500, body: address } }),
    ],
    ['words', (frame, worker) => worker.reply(frame, { status: 'ok', payload: { text: address } })],
    ['nothing', (frame, worker) => worker.reply(frame, { event: 'done', status: 'ok' })],
    [
      'an error where a stream should be',
      (frame, worker) => {
        worker.chunk(frame, `data: ${JSON.stringify({ error: { message: address } })}\n\n`);
        worker.reply(frame, { event: 'done', status: 'ok' });
      },
    ],
    ['its leaving', (_frame, worker) => worker.stop()],
  ];

  it.each(answers)('costs nothing and tells nothing: %s', async (_what, script) => {
    const worker = await open();
    worker.on('chat.completions', script);
    await market.untilBuyable(buyer, 'sams/model');
    const before = await market.restingWallet(buyer);
    const end = await ask('sams/model');
    expect(end).toMatchObject({ status: 502, error: { code: 'all_attempts_failed' } });
    expect(end.headers['x-should-retry']).toBe('true');
    expect(JSON.stringify(end)).not.toContain('10.1.2.3');
    expect(await receiptOf(end)).toMatchObject({ outcome: 'seller_failed', charge: '0' });
    expect(await market.restingWallet(buyer)).toEqual(before);
  });
});

describe('what a seller hears', () => {
  it('is what its buyer says, and nothing of who that is', async () => {
    const worker = await open();
    worker.on('chat.completions', sayReply);
    await market.untilBuyable(buyer, 'sams/model');
    const canaries = {
      cookie: 'name=canary',
      'x-api-key': 'canary',
      'x-forwarded-for': '203.0.113.7',
      forwarded: 'for=203.0.113.7',
      'user-agent': 'canary/1',
      referer: 'https://canary.example',
      'openai-organization': 'canary',
    };
    const response = await fetch(`${market.url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        ...canaries,
        authorization: `Bearer ${buyer.apiToken}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        model: 'sams/model',
        stream: true,
        messages: [{ role: 'user', content: prompt }],
      }),
    });
    expect(await response.text()).toContain('[DONE]');
    const heard = JSON.stringify(worker.frames);
    expect(heard).toContain(prompt);
    const named = ['canary', '203.0.113', '127.0.0.1', buyer.username, buyer.ownerId];
    const secrets = [buyer.apiToken, market.operator.apiToken];
    const secret = market.market.environment('gateway').AISBF_INTERNAL_SECRET ?? '';
    expect([...named, ...secrets, secret].filter((text) => heard.includes(text))).toEqual([]);
  });
});

describe('the logs', () => {
  it('hold no secret, no prompt and no answer', async () => {
    const folder = join(market.market.dataDir, 'logs');
    const files = await readdir(folder);
    expect(files).toContain('broker.log');
    const secrets = [
      buyer.apiToken,
      shop.registrationToken,
      strictShop.registrationToken,
      market.operator.apiToken,
      market.market.environment('gateway').AISBF_INTERNAL_SECRET ?? '',
      prompt,
      reply,
    ];
    for (const file of files) {
      const log = await readFile(join(folder, file), 'utf8');
      const found = secrets.filter((secret) => log.includes(secret));
      expect({ file, found }).toEqual({ file, found: [] });
    }
  });
});
