import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fragmentedMp4, until, wav, webm } from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type GatewayBench, json, openGateway } from './gateway-bench.js';

let bench: GatewayBench;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aisbf-uploads-'));
  bench = await openGateway({
    GATEWAY_UPLOAD_FOLDER: folder,
    GATEWAY_UPLOAD_BYTES_MAX: '30000000',
    GATEWAY_UPLOADS_MAX: '1',
    // Some of what comes here is held in memory, and some lies on the disk.
    GATEWAY_SPOOL_HELD_BYTES_MAX: '50000',
  });
});
beforeEach(() => bench.peers.restore());
afterAll(async () => {
  await bench?.close();
  await rm(folder, { recursive: true });
});

const metrics = async () => (await fetch(`${bench.url}/metrics`)).text();
const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

function send(
  path: string,
  fields: Readonly<Record<string, string | Blob>>,
  others: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  const headers = { authorization: `Bearer ${bench.apiToken}`, ...others };
  return fetch(`${bench.url}${path}`, { method: 'POST', headers, body });
}

describe('a large form', () => {
  // Hexadecimal: the fake reads texts.
  const content = randomBytes(10_000_000).toString('hex');
  const edit = () =>
    send('/v1/images/edits', { model: 'p/m', prompt: 'a cat', image: new Blob([content]) });

  it('goes to a second candidate as whole as to the first, and leaves nothing behind', async () => {
    const seen: string[] = [];
    const note = (body: string) =>
      seen.push(body.includes(content) ? sha256(body) : 'without its file');
    bench.peers.candidates = [
      await bench.upstream((_request, response, body) => {
        note(body);
        response.writeHead(503, json).end('{}');
      }),
      await bench.upstream(({ headers }, response, body) => {
        note(body);
        expect(Number(headers['content-length'])).toBe(Buffer.byteLength(body));
        expect(body).toContain('name="model"\r\n\r\nupstream-model');
        response.writeHead(200, json).end('{"data":[{"b64_json":"AAAA"}]}');
      }),
    ];
    const response = await edit();
    expect(response.status).toBe(200);
    expect(response.headers.get('x-aisbf-attempts')).toBe('2');
    expect(seen[0]).not.toBe('without its file');
    expect(seen).toEqual([seen[0], seen[0]]);
    expect(await bench.settlement()).toMatchObject({ units: { image: 1 }, servedPosition: 1 });
    expect(bench.peers.admits.at(-1)?.facts).toMatchObject({
      endpoint: 'images.edits',
      inputs: ['image'],
      units: { image: 1 },
    });
    await until(async () => (await readdir(folder)).length === 0);
  });

  it('is refused beyond what may be sent, with an answer that arrives', async () => {
    const response = await send('/v1/images/edits', {
      model: 'p/m',
      prompt: 'a cat',
      image: new Blob([content, content]),
    });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: { code: 'form_too_large' } });
    await until(async () => (await readdir(folder)).length === 0);
  });

  it('leaves nothing behind when its sender hangs up, and makes room for the next', async () => {
    const admits = bench.peers.admits.length;
    const sending = httpRequest(`${bench.url}/v1/images/edits`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${bench.apiToken}`,
        'content-type': 'multipart/form-data; boundary=x',
      },
    });
    sending.on('error', () => undefined);
    sending.write(
      `--x\r\ncontent-disposition: form-data; name="image"; filename="a"\r\n\r\n${content}`,
    );
    const running = async () =>
      /^aisbf_gateway_uploads_running\S* (\d+)$/m.exec(await metrics())?.[1] ?? 'unknown';
    await until(async () => (await running()) === '1');
    // One at a time may come in here.
    expect((await edit()).status).toBe(503);
    sending.destroy();
    await until(async () => (await running()) === '0');
    expect(await readdir(folder)).toEqual([]);
    bench.peers.candidates = [
      await bench.upstream(
        (_request, response) =>
          void response.writeHead(200, json).end('{"data":[{"url":"https://x.example/1"}]}'),
      ),
    ];
    expect((await edit()).status).toBe(200);
    expect(bench.peers.admits).toHaveLength(admits + 1);
  });
});

describe('what comes along', () => {
  const png = (width: number, height: number) => {
    const bytes = Buffer.alloc(24);
    bytes.write('\u0089PNG', 'latin1');
    bytes.writeUInt32BE(width, 16);
    bytes.writeUInt32BE(height, 20);
    return new Blob([bytes]);
  };
  /** One at a time: the form before it may still be on its way out. */
  const sendAlone = (path: string, fields: Readonly<Record<string, string | Blob>>) =>
    until(async () => {
      const response = await send(path, fields);
      return response.status !== 503 && response;
    });
  const served = async (path: string, fields: Readonly<Record<string, string | Blob>>) => {
    const answer = path.startsWith('/v1/images') ? '{"data":[{"b64_json":"AAAA"}]}' : '{"text":""}';
    bench.peers.candidates = [
      await bench.upstream((_request, response) => void response.writeHead(200, json).end(answer)),
    ];
    const response = await sendAlone(path, fields);
    expect(await response.text()).toBe(answer);
    const { units } = await bench.settlement();
    return { units, facts: bench.peers.admits.at(-1)?.facts };
  };
  const edit = (fields: Readonly<Record<string, string | Blob>>) =>
    served('/v1/images/edits', { model: 'p/m', prompt: 'a cat', ...fields });

  it('is held for and settled as prompt, by the size of each picture but the mask', async () => {
    const words = await edit({ image: new Blob(['nobody knows what']) });
    const [unknown, large] = [765, 170 * 6 + 85];
    const { units, facts } = await edit({
      'image[]': new Blob(['nobody knows what']),
      image: png(2_048, 4_096),
      mask: png(64, 64),
    });
    const text = Number(words.units.prompt_token) - unknown;
    expect(text).toBeGreaterThan(0);
    expect(units).toEqual({ ...words.units, image: 1, prompt_token: text + unknown + large });
    expect(facts?.promptTokens).toBe(units.prompt_token);
  });

  it('counts where there are no words too', async () => {
    const { units } = await served('/v1/images/variations', { model: 'p/m', image: png(512, 512) });
    expect(units).toMatchObject({ image: 1, prompt_token: 255 });
  });

  it.each([
    ['audio/webm;codecs=opus', webm(4.5)],
    ['audio/mp4', fragmentedMp4(4.5)],
  ])(
    'may be a recording of a browser in %s, which says no length in front',
    async (type, bytes) => {
      const file = new Blob([bytes], { type });
      const path = '/v1/audio/transcriptions';
      const { units, facts } = await served(path, { model: 'p/m', file });
      expect(units).toMatchObject({ audio_second: 5 });
      expect(facts?.units).toEqual({ audio_second: 5 });
    },
  );

  it.each([
    ['model', '/v1/images/edits', { image: png(1, 1), prompt: 'a cat' }],
    ['n', '/v1/images/edits', { image: png(1, 1), prompt: 'a cat', model: 'p/m' }],
    ['model', '/v1/audio/transcriptions', { file: new Blob([wav(1)]) }],
    ['model', '/v1/videos', { prompt: 'a cat' }],
    ['model', '/v1/images/upscale', { prompt: 'a cat' }],
  ])('is refused as a file in the place of %s at %s', async (name, path, fields) => {
    const admits = bench.peers.admits.length;
    const response = await sendAlone(path, { ...fields, [name]: new Blob(['p/m']) });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'invalid_type', param: name } });
    expect(bench.peers.admits).toHaveLength(admits);
  });

  it('is refused where nothing tells how long it is', async () => {
    const file = new Blob([webm(0)], { type: 'audio/webm' });
    const response = await sendAlone('/v1/audio/transcriptions', { model: 'p/m', file });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'media_unreadable' } });
  });
});

describe('a form under an idempotency key', () => {
  it('is told from every form that differs in a byte, and from no other', async () => {
    bench.peers.candidates = [
      await bench.upstream(
        (_request, response) => void response.writeHead(200, json).end('{"text":""}'),
      ),
    ];
    const hashOf = async (fields: Readonly<Record<string, string | Blob>>) => {
      const asked = { model: 'p/m', ...fields };
      const key = { 'idempotency-key': 'mine' };
      const path = '/v1/audio/transcriptions';
      const response = await until(async () => {
        const sent = await send(path, asked, key);
        return sent.status !== 503 && sent;
      });
      expect(response.status).toBe(200);
      await response.text();
      return bench.peers.admits.at(-1)?.idempotency?.bodyHash;
    };
    const file = () => new Blob([wav(20)]);
    const changed = wav(20);
    changed.writeUInt8(changed.readUInt8(100_000) ^ 1, 100_000);
    const [first, again, ...others] = [
      await hashOf({ file: file() }),
      await hashOf({ file: file() }),
      await hashOf({ file: new Blob([changed]) }),
      await hashOf({ file: file(), prompt: 'hello' }),
    ];
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(again).toBe(first);
    expect(new Set([first, ...others]).size).toBe(3);
  });
});

describe('a sound', () => {
  const say = (body: object = {}) =>
    bench.buy({ model: 'p/m', voice: 'alloy', input: 'Hello.', ...body }, {}, '/v1/audio/speech');
  const half = wav(4).subarray(0, 22_044);

  it('passes on while it comes, and costs what was heard of it', async () => {
    bench.peers.candidates = [
      await bench.upstream((_request, response) => {
        response.writeHead(200, { 'content-type': 'audio/wav' });
        response.write(half);
        setTimeout(() => response.end(wav(4).subarray(22_044)), 20);
      }),
    ];
    const response = await say();
    expect(Buffer.from(await response.arrayBuffer())).toEqual(wav(4));
    expect(await bench.settlement()).toMatchObject({
      outcome: 'completed',
      units: { audio_second: 4 },
    });
  });

  it('that breaks off breaks off for its buyer too, and costs nothing', async () => {
    bench.peers.candidates = [
      await bench.upstream((_request, response) => {
        response.writeHead(200, { 'content-type': 'audio/wav', 'content-length': '32044' });
        response.write(half, () => response.destroy());
      }),
    ];
    const response = await say();
    await expect(response.arrayBuffer()).rejects.toThrow();
    expect(await bench.settlement()).toMatchObject({ outcome: 'seller_failed' });
  });

  it('that is an error in disguise is left for somebody else', async () => {
    bench.peers.candidates = [
      await bench.upstream(
        (_request, response) =>
          void response.writeHead(200, json).end('{"error":{"message":"no voice"}}'),
      ),
      await bench.upstream(
        (_request, response) =>
          void response.writeHead(200, { 'content-type': 'audio/wav' }).end(wav(1)),
      ),
    ];
    const response = await say();
    expect(Buffer.from(await response.arrayBuffer())).toEqual(wav(1));
    expect((await bench.settlement()).attempts[0]).toMatchObject({ reason: 'error_in_answer' });
  });

  it('comes as events where those are asked for', async () => {
    const event = (body: object) => `data: ${JSON.stringify(body)}\n\n`;
    bench.peers.candidates = [
      await bench.upstream((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const audio = wav(2).toString('base64');
        response.write(event({ type: 'speech.audio.delta', audio }));
        response.end(event({ type: 'speech.audio.done' }));
      }),
    ];
    const text = await (await say({ stream_format: 'sse' })).text();
    expect(text).toContain('speech.audio.done');
    expect(text).not.toContain('[DONE]');
    expect(await bench.settlement()).toMatchObject({ units: { audio_second: 2 } });
  });

  it('is never billed for longer than money was held for', async () => {
    bench.peers.candidates = [
      await bench.upstream(
        (_request, response) =>
          void response.writeHead(200, { 'content-type': 'audio/wav' }).end(wav(60)),
      ),
    ];
    await (await say()).arrayBuffer();
    const held = bench.peers.admits.at(-1)?.facts.units?.audio_second;
    expect(held).toBe(7);
    expect((await bench.settlement()).units.audio_second).toBe(held);
  });
});
