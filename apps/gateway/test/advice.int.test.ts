import { createServer, type ServerResponse } from 'node:http';
import type { Advice, SoughtAdvice } from '@aisbf/contracts';
import { type Loopback, listenOnLoopback, textOf, until } from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { chatRequest, type GatewayBench, json, openGateway, sayFine } from './gateway-bench.js';

type Asked = Readonly<{ path: string; text: string; apiKey: string | undefined }>;

/** Both small models in one server: they answer as they are told to. */
class SmallModels {
  readonly asked: Asked[] = [];
  answer: (asked: Asked, response: ServerResponse) => void = () => undefined;

  constructor(readonly server: Loopback) {
    server.server.on('request', (request, response) => {
      void textOf(request).then((text) => {
        const asked = { path: request.url ?? '', text, apiKey: request.headers.authorization };
        this.asked.push(asked);
        this.answer(asked, response);
      });
    });
  }
}

/** Poems lie one way, everything else the other. */
const placeOf = (text: string) => (/poem|rhyme/i.test(text) ? [1, 0.1] : [0, 1]);

function embed(text: string, response: ServerResponse): void {
  const { input } = JSON.parse(text) as { input: string[] };
  const data = input.map((one, index) => ({ object: 'embedding', index, embedding: placeOf(one) }));
  response.writeHead(200, json).end(JSON.stringify({ data }));
}

function say(content: string, response: ServerResponse): void {
  response.writeHead(200, json).end(JSON.stringify({ choices: [{ message: { content } }] }));
}

const answerWell: SmallModels['answer'] = ({ path, text }, response) =>
  path === '/v1/embeddings' ? embed(text, response) : say('eva/rig/poet', response);

const sought: SoughtAdvice = {
  autoselect: 'ann/wise',
  classes: [
    { name: 'poems', examples: ['Write a poem.', 'Make it rhyme.'], similarityMin: 0.6 },
    { name: 'recipes', examples: ['How is bread baked?'], similarityMin: 0.6 },
  ],
  judged: [
    { name: 'sam/box/small', description: 'cheap' },
    { name: 'eva/rig/poet', description: 'writes verse' },
  ],
};
const secret = 'My key is sk-proj-abcdefghijklmnopqrstuvwx1234567890ABCD, and this is a poem.';

let models: SmallModels;
let bench: GatewayBench;

beforeAll(async () => {
  models = new SmallModels(await listenOnLoopback(createServer()));
  bench = await openGateway({
    GATEWAY_EMBEDDING_URL: `${models.server.url}/v1`,
    GATEWAY_EMBEDDING_MODEL: 'nearby',
    GATEWAY_EMBEDDING_API_KEY: 'key of the small one',
    GATEWAY_EMBEDDING_MS_MAX: '2000',
    GATEWAY_EMBEDDING_RETRY_MS: '1',
    GATEWAY_JUDGE_URL: `${models.server.url}/v1/`,
    GATEWAY_JUDGE_MODEL: 'judging',
    GATEWAY_JUDGE_MS_MAX: '200',
  });
  bench.peers.candidates = [await bench.upstream(sayFine)];
});
beforeEach(() => {
  models.answer = answerWell;
  models.asked.length = 0;
  bench.peers.restore();
  bench.peers.sought = [sought];
});
afterAll(async () => {
  await bench.close();
  await models.server.stop();
});

/** What the router is told of a question. */
async function adviceOn(
  content: string,
  model = 'ann/autoselect/wise',
): Promise<Advice | undefined> {
  const messages = [{ role: 'user', content }];
  const response = await bench.buy({ ...chatRequest, model, messages });
  expect(response.status).toBe(200);
  await response.text();
  return bench.peers.admits.at(-1)?.facts.signals?.advice?.[0];
}

/** The first requests go without: the examples are read behind their backs. */
const untilRead = () =>
  until(async () => (await adviceOn('Hello there.'))?.classes?.state === 'given');

describe('an autoselect that wants advice', () => {
  it('goes without until its examples are read, and hears then what the question means', async () => {
    const first = await adviceOn('Please compose a rhyme about rain.');
    expect(first).toEqual({
      autoselect: 'ann/wise',
      classes: { state: 'warming', similarities: {} },
      judge: { state: 'given', choice: 'eva/rig/poet' },
    });
    await untilRead();
    models.asked.length = 0;
    const advice = await adviceOn('Please compose a rhyme about rain.');
    expect(advice?.classes).toEqual({ state: 'given', similarities: { poems: 1, recipes: 0.1 } });
    // Examples are not read again, and nothing but the question is shown.
    const { text, apiKey } = models.asked.find(({ path }) => path === '/v1/embeddings') ?? {};
    expect(JSON.parse(text ?? '')).toEqual({
      model: 'nearby',
      input: ['Please compose a rhyme about rain.'],
    });
    expect(apiKey).toBe('Bearer key of the small one');
  });

  it('has a judge read the beginning of a question and no more', async () => {
    await adviceOn(`Begin. ${'word '.repeat(400)}END`);
    const asked = models.asked.find(({ path }) => path === '/v1/chat/completions');
    const body = JSON.parse(asked?.text ?? '{}');
    expect(body).toMatchObject({ model: 'judging', temperature: 0, max_tokens: 128 });
    expect(body.messages[0].content).toContain('eva/rig/poet: writes verse');
    expect(body.messages[1].content).toContain('Begin. word');
    expect(body.messages[1].content).not.toContain('END');
    expect(asked?.apiKey).toBeUndefined();
  });

  it('sends nothing of a prompt that is private, or was not looked at whole', async () => {
    await untilRead();
    models.asked.length = 0;
    const withheld = {
      autoselect: 'ann/wise',
      classes: { state: 'private', similarities: {} },
      judge: { state: 'private', choice: null },
    };
    expect(await adviceOn(secret)).toEqual(withheld);
    expect(await adviceOn('long '.repeat(60_000))).toEqual(withheld);
    expect(models.asked).toEqual([]);
  });

  it.each<[string, SmallModels['answer'], string]>([
    ['fails', (_asked, response) => void response.writeHead(500).end(), 'unavailable'],
    ['breaks off', (_asked, response) => void response.destroy(), 'unavailable'],
    [
      'sends elsewhere',
      (_asked, response) => void response.writeHead(302, { location: '/' }).end(),
      'unavailable',
    ],
    ['says a page', (_asked, response) => void response.writeHead(200).end('<html>'), 'unusable'],
    [
      'says nothing',
      (_asked, response) => void response.writeHead(200, json).end('{}'),
      'unusable',
    ],
    ['says nothing in time', () => undefined, 'late'],
  ])('goes on without a judge that %s', async (_what, answer, state) => {
    models.answer = (asked, response) =>
      asked.path === '/v1/embeddings' ? embed(asked.text, response) : answer(asked, response);
    expect((await adviceOn('Hello there.'))?.judge).toEqual({ state, choice: null });
  });

  it('takes nobody from a judge who is not on its list', async () => {
    models.answer = ({ path, text }, response) =>
      path === '/v1/embeddings' ? embed(text, response) : say('mallory/den/thief', response);
    expect((await adviceOn('Hello there.'))?.judge).toEqual({ state: 'unusable', choice: null });
  });

  it('reads its examples anew where the model has become another one', async () => {
    await untilRead();
    models.answer = (asked, response) => {
      if (asked.path !== '/v1/embeddings') return say('eva/rig/poet', response);
      const { input } = JSON.parse(asked.text) as { input: string[] };
      const data = input.map((one) => ({ embedding: [...placeOf(one), 0] }));
      response.writeHead(200, json).end(JSON.stringify({ data }));
    };
    expect((await adviceOn('A poem!'))?.classes?.state).toBe('unusable');
    await untilRead();
    expect((await adviceOn('A poem!'))?.classes?.similarities).toMatchObject({ poems: 1 });
  });

  it('is served where the router cannot tell what it wants', async () => {
    bench.peers.isNotTelling = true;
    expect(await adviceOn('Hello there.')).toBeUndefined();
    expect(models.asked).toEqual([]);
  });
});

describe('a request of which nobody wants to know more', () => {
  it('asks nobody', async () => {
    bench.peers.sought = [];
    expect(await adviceOn('Hello there.')).toBeUndefined();
    const seeks = bench.peers.seeks.length;
    expect(await adviceOn('Hello there.', 'p/m')).toBeUndefined();
    expect(bench.peers.seeks.length).toBe(seeks);
    expect(models.asked).toEqual([]);
  });
});

describe('models that are marked as local', () => {
  it('are shown what is private too', async () => {
    const local = await openGateway({
      GATEWAY_JUDGE_URL: `${models.server.url}/v1`,
      GATEWAY_JUDGE_MODEL: 'judging',
      GATEWAY_JUDGE_IS_LOCAL: 'true',
    });
    local.peers.candidates = [await local.upstream(sayFine)];
    local.peers.sought = [sought];
    const messages = [{ role: 'user', content: secret }];
    const response = await local.buy({ ...chatRequest, model: 'autoselect/wise', messages });
    await response.text();
    const { signals } = local.peers.admits.at(-1)?.facts ?? {};
    expect(signals?.private).toEqual(['api_key']);
    // There is no model for meanings here, so that nothing is said of them.
    expect(signals?.advice).toEqual([
      { autoselect: 'ann/wise', judge: { state: 'given', choice: 'eva/rig/poet' } },
    ]);
    expect(models.asked.at(-1)?.text).toContain('sk-proj-');
    await local.close();
  });
});
