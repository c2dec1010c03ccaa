import type { ServerResponse } from 'node:http';
import type { Candidate } from '@aisbf/contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ask, type EndpointKind, kinds } from './endpoint-kinds.js';
import {
  candidateAt,
  chunkEvent,
  done,
  type GatewayBench,
  json,
  openGateway,
  sse,
} from './gateway-bench.js';
import { olderKinds, typedKinds, typedWords } from './typed-kinds.js';

type Fault = Readonly<{
  name: string;
  reason: string;
  fail: (response: ServerResponse) => void;
}>;

const status = (code: number, headers: Readonly<Record<string, string>> = {}, body = '{}') => {
  return (response: ServerResponse) =>
    void response.writeHead(code, { ...json, ...headers }).end(body);
};

/** What can go wrong before an answer, however it was asked for. */
const everywhere: readonly Fault[] = [
  { name: 'a reset', reason: 'unreachable', fail: (response) => void response.destroy() },
  { name: '401', reason: 'rejected_credentials', fail: status(401) },
  { name: '402', reason: 'rejected_credentials', fail: status(402) },
  { name: '403', reason: 'rejected_credentials', fail: status(403) },
  { name: '404', reason: 'model_missing', fail: status(404) },
  { name: '408', reason: 'timeout', fail: status(408) },
  { name: '429', reason: 'rate_limited', fail: status(429) },
  { name: '429 for seconds', reason: 'rate_limited', fail: status(429, { 'retry-after': '7' }) },
  {
    name: '429 until a date',
    reason: 'rate_limited',
    fail: status(429, { 'retry-after': new Date(Date.now() + 9_000).toUTCString() }),
  },
  {
    name: '429 with a limit that resets',
    reason: 'rate_limited',
    fail: status(429, {
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '1m3s',
    }),
  },
  { name: '500', reason: 'server_error', fail: status(500) },
  {
    name: '502 from a proxy',
    reason: 'server_error',
    fail: status(502, { 'content-type': 'text/html' }, '<html>Bad Gateway</html>'),
  },
  { name: '503', reason: 'server_error', fail: status(503) },
  { name: '504', reason: 'timeout', fail: status(504) },
  {
    name: 'a redirect',
    reason: 'redirected',
    fail: status(302, { location: 'http://127.0.0.1:1/' }),
  },
  {
    name: '200 with an error in it',
    reason: 'error_in_answer',
    fail: (response) => {
      const isStream = response.req.headers.accept === 'text/event-stream';
      const error = '{"error":{"message":"out of memory"}}';
      response.writeHead(200, isStream ? sse : json).end(isStream ? `data: ${error}\n\n` : error);
    },
  },
];

const wholeOnly: readonly Fault[] = [
  { name: 'a page', reason: 'garbage', fail: status(200, {}, '<html>Welcome</html>') },
  { name: 'half of a JSON', reason: 'garbage', fail: status(200, {}, '{"choices":[{"ind') },
  {
    name: 'a cut in the middle',
    reason: 'unreachable',
    fail: (response) => {
      response.writeHead(200, { ...json, 'content-length': '1000' });
      response.write('{"choices":[', () => setImmediate(() => response.destroy()));
    },
  },
  {
    name: 'more than anybody reads',
    reason: 'too_large',
    fail: status(200, {}, JSON.stringify({ text: 'x'.repeat(300_000) })),
  },
];

const write = (text: string) => (response: ServerResponse) =>
  void response.writeHead(200, sse).end(text);

/** What can go wrong in a stream before its first word. */
const streamOnly: readonly Fault[] = [
  {
    name: 'a page in place of a stream',
    reason: 'garbage',
    fail: status(200, { 'content-type': 'text/html' }, '<html></html>'),
  },
  { name: 'nothing', reason: 'empty', fail: write('') },
  { name: 'nothing but comments', reason: 'empty', fail: write(': hello\n\n: still here\n\n') },
  { name: 'an end without a beginning', reason: 'empty', fail: write(done) },
  { name: 'broken JSON', reason: 'garbage', fail: write('data: {{{\n\n') },
  { name: 'a line without end', reason: 'too_large', fail: write(`data: ${'x'.repeat(200_000)}`) },
  {
    name: 'a reset after its head',
    reason: 'cut',
    fail: (response) => {
      response.writeHead(200, sse).write(': hello\n\n', () => {
        setImmediate(() => response.destroy());
      });
    },
  },
];

let bench: GatewayBench;

beforeAll(async () => {
  bench = await openGateway({
    GATEWAY_ANSWER_BYTES_MAX: '200000',
    GATEWAY_EVENT_BYTES_MAX: '100000',
    GATEWAY_RETRY_RESERVE: '10000',
  });
});
afterAll(() => bench?.close());

const goodOf = (kind: EndpointKind) => bench.upstream((_request, response) => kind.good(response));
const askedBy = ({ askedBy: endpoint }: EndpointKind, ...candidates: readonly Candidate[]) =>
  candidates.map((each) => ({ ...each, ...(endpoint && { endpoint }) }));

async function servedInstead(kind: EndpointKind, bad: Candidate, reason: string): Promise<void> {
  bench.peers.candidates = askedBy(kind, bad, await goodOf(kind));
  const response = await ask(bench, kind);
  expect(Buffer.from(await response.arrayBuffer()).toString('latin1')).toContain(kind.sign);
  expect(response.status).toBe(200);
  expect(response.headers.get('x-aisbf-attempts')).toBe('2');
  expect(await bench.settlement()).toMatchObject({
    outcome: 'completed',
    servedPosition: 1,
    attempts: [{ result: 'failed', reason }, { result: 'served' }],
  });
}

const allKinds = [...kinds, ...typedKinds, ...olderKinds];

describe.each(allKinds)('$name', (kind) => {
  const faults = [...everywhere, ...(kind.isStream ? streamOnly : wholeOnly)];

  it.each(faults)('is served by somebody else after $name', async ({ fail, reason }) => {
    const bad = await bench.upstream((_request, response) => fail(response));
    await servedInstead(kind, bad, reason);
  });

  it('is served by somebody else where one cannot be reached', async () => {
    await servedInstead(kind, candidateAt('http://127.0.0.1:1/v1'), 'unreachable');
  });

  it('is served by somebody else where one takes too long', async () => {
    bench.peers.deadlines = { firstByteMs: 150, idleMs: 5_000, totalMs: 10_000 };
    await servedInstead(kind, await bench.upstream(() => undefined), 'timeout');
    bench.peers.restore();
  });

  it('is refused once, and by nobody else, where the request is at fault', async () => {
    const refusing = await bench.upstream((_request, response) =>
      status(422, {}, '{"error":{"message":"no such size"}}')(response),
    );
    bench.peers.candidates = askedBy(kind, refusing, await goodOf(kind));
    const response = await ask(bench, kind);
    expect(response.status).toBe(400);
    const told = (await response.json()) as Told;
    expect(told.error.message).toBe('no such size');
    expect(codeOf(told)).toBe('upstream_refused_request');
    expect(await bench.settlement()).toMatchObject({ outcome: 'not_served' });
  });

  it('tells in one way that nobody could serve it', async () => {
    const failing = await bench.upstream((_request, response) => status(500)(response));
    bench.peers.candidates = askedBy(kind, failing);
    const response = await ask(bench, kind);
    expect(response.status).toBe(502);
    expect(codeOf((await response.json()) as Told)).toBe('all_attempts_failed');
    expect(response.headers.get('x-should-retry')).toBe('true');
  });
});

type Told = Readonly<{
  error: Readonly<{ message: string; code?: string; details?: Readonly<{ error_code: string }> }>;
}>;

/** OpenAI's place for it, or Anthropic's. */
const codeOf = ({ error }: Told) => error.code ?? error.details?.error_code;

/** Faults after the first word: there is no way back, and no pretending. */
const lateFaults: readonly (readonly [string, string, (response: ServerResponse) => void])[] = [
  ['resets', 'stream_cut', (response) => void response.destroy()],
  ['ends without a reason', 'stream_cut', (response) => void response.end()],
  [
    'reports an error',
    'stream_cut',
    (response) => void response.end('data: {"error":{"message":"x"}}\n\n'),
  ],
  ['turns to garbage', 'stream_cut', (response) => void response.end('data: {{{\n\n')],
  [
    'never ends an event',
    'stream_cut',
    (response) => void response.end(`data: ${'x'.repeat(200_000)}`),
  ],
  ['falls silent', 'stream_timed_out', () => undefined],
];

const streams = [
  ['a stream of chat', (text: string) => chunkEvent({ content: text })],
  [
    'a stream of a completion',
    (text: string) => `data: {"choices":[{"index":0,"text":"${text}"}]}\n\n`,
  ],
  ...typedWords,
] as const;

describe.each(streams)('%s', (name, eventOf) => {
  const kind = allKinds.find((one) => one.name === name);

  it.each(
    lateFaults.flatMap((fault) => [1, 2, 5].map((words) => [fault[0], words, fault] as const)),
  )('that %s after %i words ends with a typed error', async (_fault, words, [, code, fail]) => {
    if (!kind) throw new Error(`no ${name}`);
    bench.peers.deadlines = { firstByteMs: 5_000, idleMs: 300, totalMs: 10_000 };
    const heard = Promise.withResolvers<void>();
    const breaking = await bench.upstream(async (_request, response) => {
      response.writeHead(200, sse);
      for (let at = 1; at <= words; at += 1) response.write(eventOf(`word${at} `));
      await heard.promise;
      fail(response);
    });
    bench.peers.candidates = askedBy(kind, breaking, await goodOf(kind));
    const response = await ask(bench, kind);
    const { text, isCleanEnd } = await readToTheEnd(response, `word${words} `, heard.resolve);
    expect(text.trimEnd().split('\n\n').at(-1)).toContain(`code":"${code}"`);
    expect(text).not.toContain('[DONE]');
    expect(isCleanEnd).toBe(false);
    expect(await bench.settlement()).toMatchObject({
      outcome: 'seller_failed',
      servedPosition: 0,
      attempts: [{ result: 'failed' }],
    });
    bench.peers.restore();
  });
});

describe('what comes before the first word', () => {
  const role = chunkEvent({ role: 'assistant', content: '' });

  it('is held back, so that a failure after it is nobody’s business', async () => {
    const [, kind] = kinds;
    if (!kind) throw new Error('no stream');
    const starting = await bench.upstream((_request, response) => {
      response.writeHead(200, sse).write(role + role, () => setImmediate(() => response.destroy()));
    });
    await servedInstead(kind, starting, 'cut');
  });

  it('is passed on as it came, once there is a word', async () => {
    bench.peers.candidates = [
      await bench.upstream((_request, response) => {
        response.writeHead(200, sse).write(role);
        response.end(chunkEvent({ content: 'fine' }, 'stop') + done);
      }),
    ];
    const [, kind] = kinds;
    if (!kind) throw new Error('no stream');
    const text = await (await ask(bench, kind)).text();
    expect(text).toBe(role + chunkEvent({ content: 'fine' }, 'stop') + done);
  });

  it('is passed on when it becomes too much to hold back', async () => {
    const heard = Promise.withResolvers<void>();
    bench.peers.candidates = [
      await bench.upstream(async (_request, response) => {
        response.writeHead(200, sse);
        for (let at = 0; at < 1_000; at += 1) response.write(role);
        await heard.promise;
        response.end(chunkEvent({ content: 'fine' }, 'stop') + done);
      }),
    ];
    const [, kind] = kinds;
    if (!kind) throw new Error('no stream');
    const response = await ask(bench, kind);
    const { text } = await readToTheEnd(response, '"role"', heard.resolve);
    expect(text).toContain('fine');
  });
});

async function readToTheEnd(
  response: Response,
  sign: string,
  onSign: () => void,
): Promise<{ text: string; isCleanEnd: boolean }> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.includes(sign)) onSign();
    }
    return { text, isCleanEnd: true };
  } catch {
    // The connection broke, which is what the caller asks about.
    return { text, isCleanEnd: false };
  }
}
