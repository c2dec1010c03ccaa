import { Fault, type FaultKind } from '@aisbf/faults';
import { createSecretToken } from '@aisbf/secrets';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ask, type EndpointKind, kinds } from './endpoint-kinds.js';
import { type GatewayBench, openGateway } from './gateway-bench.js';

let bench: GatewayBench;

beforeAll(async () => {
  bench = await openGateway({ GATEWAY_BODY_BYTES_MAX: '200000' });
});
beforeEach(() => bench.peers.restore());
afterAll(() => bench?.close());

/** What every refusal must be, whoever refused and wherever. */
async function refused(response: Response, status: number, code: string): Promise<void> {
  const body = (await response.json()) as { error: { param: string | null } };
  expect(body).toEqual({
    error: {
      message: expect.stringMatching(/\S/),
      type: expect.stringMatching(/^[a-z_]+$/),
      param: body.error.param === null ? null : expect.any(String),
      code,
    },
  });
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toContain('application/json');
  expect(response.headers.get('x-should-retry')).toMatch(/^(?:true|false)$/);
  expect(response.headers.get('x-request-id')).toMatch(/\S/);
}

type BadRequest = readonly [
  name: string,
  change: Readonly<Record<string, unknown>>,
  code: string,
  param: string,
];

/** What is wrong with any request, in JSON or in a form. */
const everywhere: readonly BadRequest[] = [
  ['no model', { model: undefined }, 'missing_required_parameter', 'model'],
  ['an empty model', { model: '' }, 'missing_required_parameter', 'model'],
  ['a model too long', { model: 'x'.repeat(513) }, 'invalid_type', 'model'],
  ['a session too long', { session_id: 'x'.repeat(257) }, 'invalid_type', 'session_id'],
];

/** What JSON can get wrong and a form cannot. */
const inJson: readonly BadRequest[] = [
  ['a number as model', { model: 7 }, 'missing_required_parameter', 'model'],
  ['a list as model', { model: ['p/m'] }, 'missing_required_parameter', 'model'],
  ['a number as session', { session_id: 7 }, 'invalid_type', 'session_id'],
  ['a text as models', { models: 'p/m' }, 'invalid_type', 'models'],
  ['too many models', { models: Array(17).fill('p/m') }, 'invalid_type', 'models'],
  ['a wish that is none', { provider: { zdr: 'yes' } }, 'invalid_type', 'provider.zdr'],
  ['a sort that is none', { provider: { sort: 'luck' } }, 'invalid_type', 'provider.sort'],
];

const withChoices = new Set(['chat', 'a stream of chat', 'a completion', 'a picture', 'a film']);
const choices: readonly BadRequest[] = [
  ['no choices', { n: 0 }, 'invalid_type', 'n'],
  ['half a choice', { n: 1.5 }, 'invalid_type', 'n'],
  ['a thousand choices', { n: 1_000 }, 'invalid_type', 'n'],
  ['a text as number', { n: 'two' }, 'invalid_type', 'n'],
];

/** What an endpoint wants besides. */
const ofKind: Readonly<Record<string, readonly BadRequest[]>> = {
  chat: [
    ['no messages', { messages: undefined }, 'missing_required_parameter', 'messages'],
    ['messages that are none', { messages: ['hi'] }, 'invalid_type', 'messages[0]'],
    ['a stream that is none', { stream: 'yes' }, 'invalid_type', 'stream'],
    ['options that are none', { stream_options: [] }, 'invalid_type', 'stream_options'],
    ['less than a token', { max_tokens: 0 }, 'invalid_type', 'max_tokens'],
    ['tokens in words', { max_completion_tokens: 'x' }, 'invalid_type', 'max_completion_tokens'],
  ],
  'a completion': [
    ['no prompt', { prompt: undefined }, 'missing_required_parameter', 'prompt'],
    ['a prompt of objects', { prompt: [{}] }, 'missing_required_parameter', 'prompt'],
    ['more texts than may be', { prompt: Array(129).fill('a') }, 'invalid_type', 'prompt'],
  ],
  'an embedding': [
    ['no input', { input: undefined }, 'missing_required_parameter', 'input'],
    ['an empty input', { input: '' }, 'missing_required_parameter', 'input'],
    ['negative tokens', { input: [-1] }, 'missing_required_parameter', 'input'],
  ],
  'a verdict': [['no input', { input: undefined }, 'missing_required_parameter', 'input']],
  'a ranking': [
    ['no query', { query: undefined }, 'missing_required_parameter', 'query'],
    ['no documents', { documents: [] }, 'missing_required_parameter', 'documents'],
  ],
  'a picture': [['no prompt', { prompt: undefined }, 'missing_required_parameter', 'prompt']],
  'a picture that is changed': [
    ['no picture', { image: undefined }, 'missing_required_parameter', 'image'],
    ['no prompt', { prompt: undefined }, 'missing_required_parameter', 'prompt'],
    ['no choices', { n: 0 }, 'invalid_type', 'n'],
    ['wishes that are no JSON', { provider: '{' }, 'invalid_type', 'provider'],
  ],
  'a film': [
    ['no prompt', { prompt: undefined }, 'missing_required_parameter', 'prompt'],
    ['seconds that are none', { seconds: 'x' }, 'invalid_type', 'seconds'],
    ['an hour', { duration: 3_600 }, 'invalid_type', 'duration'],
    ['frames without end', { num_frames: 1e9, fps: 1 }, 'invalid_type', 'num_frames'],
  ],
  speech: [
    ['nothing to say', { input: undefined }, 'missing_required_parameter', 'input'],
    ['a book', { input: 'x'.repeat(4_097) }, 'invalid_type', 'input'],
    ['a speed that is none', { speed: 9 }, 'invalid_type', 'speed'],
  ],
  'a transcript': [
    ['no sound', { file: undefined }, 'missing_required_parameter', 'file'],
    ['a sound that is none', { file: new Blob(['words']) }, 'media_unreadable', 'file'],
  ],
};

/** How the router, or accounts through it, refuse. */
const refusals: readonly (readonly [code: string, kind: FaultKind, status: number])[] = [
  ['MODEL_NOT_FOUND', 'missing', 404],
  ['ROUTE_NOT_ALLOWED', 'forbidden', 403],
  ['INSUFFICIENT_BALANCE', 'exhausted', 402],
  ['HELD_BY_OTHER_REQUESTS', 'exhausted', 402],
  ['BUDGET_EXCEEDED', 'exhausted', 402],
  ['RATE_LIMIT_EXCEEDED', 'throttled', 429],
  ['PRICE_ABOVE_MAX', 'invalid', 400],
  ['ENDPOINT_UNSUPPORTED', 'unsupported', 501],
  ['PRIVACY_UNMET', 'unprocessable', 422],
  ['NO_CANDIDATE', 'unavailable', 503],
];

function badRequestsOf({ name, isForm }: EndpointKind): readonly BadRequest[] {
  return [
    ...everywhere,
    ...(isForm ? [] : inJson),
    ...(withChoices.has(name) ? choices : []),
    ...(ofKind[name] ?? []),
  ];
}

describe.each(kinds)('$name', (kind) => {
  it.each(badRequestsOf(kind))('is refused with %s', async (_name, change, code, param) => {
    const admits = bench.peers.admits.length;
    const response = await ask(bench, kind, change);
    expect(await response.clone().json()).toMatchObject({ error: { param } });
    await refused(response, 400, code);
    expect(bench.peers.admits).toHaveLength(admits);
  });

  it.each(refusals)('tells %s of the router in the words of OpenAI', async (code, of, status) => {
    bench.peers.refusal = new Fault({ code, kind: of, message: 'No.', details: {} });
    const known = code === 'MODEL_NOT_FOUND' ? 'model_not_found' : code.toLowerCase();
    await refused(await ask(bench, kind), status, known);
  });

  it.each([
    ['no token', {}],
    ['a token of another kind', { authorization: 'Basic Zm9v' }],
    ['a mistyped token', { authorization: `Bearer ${createSecretToken('aisbf').text}x` }],
    ['somebody else’s token', { authorization: 'Bearer sk-1234567890' }],
  ])('is refused with %s before anything is read', async (_name, headers) => {
    const admits = bench.peers.admits.length;
    const type = kind.isForm ? {} : { 'content-type': 'application/json' };
    await refused(
      await ask(bench, kind, {}, { headers: { ...headers, ...type } }),
      401,
      'invalid_api_key',
    );
    expect(bench.peers.admits).toHaveLength(admits);
  });

  it.each([
    ['nothing', ''],
    ['half of a JSON', '{"model":"p/m"'],
    ['a list', '[]'],
    ['a text', '"p/m"'],
    ['null', 'null'],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x7b])],
    ['more levels than anybody means', `{"model":"p/m","x":${'['.repeat(300)}${']'.repeat(300)}}`],
  ])('is refused with %s in place of its body', async (_name, body) => {
    const headers = {
      authorization: `Bearer ${bench.apiToken}`,
      'content-type': 'application/json',
    };
    const response = await ask(bench, kind, {}, { body, headers });
    await refused(response, 400, kind.isForm ? 'form_invalid' : 'invalid_json');
  });

  it('is refused with a body too large, and its sender hears of it', async () => {
    if (kind.isForm) return;
    await refused(await ask(bench, kind, { user: 'x'.repeat(300_000) }), 413, 'request_too_large');
  });

  it('is refused with an idempotency key that is none', async () => {
    const type = kind.isForm ? {} : { 'content-type': 'application/json' };
    const headers = { authorization: `Bearer ${bench.apiToken}`, 'idempotency-key': '', ...type };
    await refused(await ask(bench, kind, {}, { headers }), 400, 'idempotency_key_invalid');
  });

  it('is only asked for by POST', async () => {
    const headers = { authorization: `Bearer ${bench.apiToken}` };
    const response = await fetch(`${bench.url}${kind.path}`, { headers });
    await refused(response, 404, 'endpoint_missing');
  });
});
