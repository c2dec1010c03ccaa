import {
  MarketUnderTest,
  StudioWorker,
  type TestBuyer,
  type TestShop,
  until,
} from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { costOf, unevenPrices } from './price.js';

const prices = {
  ...unevenPrices,
  others: { image: '40000001', video_second: '700001', request: '17' },
};
const endpoints = [
  '/v1/images/generations',
  '/v1/video/extend',
  '/v1/video/progress/{id}',
  '/v1/videos',
];
const machine = 'http://127.0.0.1:8776';
const pixel = Buffer.from('89504e470d0a1a0a', 'hex');
const ttlMs = 4_000;

let market: MarketUnderTest;
let shop: TestShop;
let worker: StudioWorker;
let buyer: TestBuyer;

beforeAll(async () => {
  market = await MarketUnderTest.start({
    serviceEnv: { gateway: { GATEWAY_MEDIA_TTL_MS: String(ttlMs) } },
  });
  buyer = await market.buyer('alice');
  shop = await market.shop('sam', 'sams', ['art'], prices);
  worker = await connected();
  await market.untilBuyable(buyer, 'sams/art');
}, 60_000);

afterAll(async () => {
  worker?.stop();
  expect(await market?.stop()).toEqual([]);
}, 60_000);

async function connected(): Promise<StudioWorker> {
  const { username, provider, registrationToken } = shop;
  const identity = { scope: username, provider, clientId: 'one', registrationToken };
  const one = await StudioWorker.connect(
    { marketUrl: market.url, ...identity },
    ['art'],
    endpoints,
  );
  one.on('GET v1/files/x.png', () => ({
    contentType: 'image/png',
    body: pixel,
    filename: 'x y.png',
  }));
  one.on('GET v1/files/page', () => ({ contentType: 'text/html', body: '<script>1</script>' }));
  one.on('GET v1/files/drawing', () => ({ contentType: 'image/svg+xml', body: '<svg/>' }));
  return one;
}

function call(path: string, body?: object): Promise<Response> {
  return fetch(`${market.url}${path}`, {
    headers: { authorization: `Bearer ${buyer.apiToken}`, 'content-type': 'application/json' },
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  });
}

/** Pictures that a worker names so, and what their buyer gets. */
async function pictures(...urls: readonly string[]) {
  worker.on('POST v1/images/generations', () => ({ data: urls.map((url) => ({ url })) }));
  const response = await call('/v1/images/generations', {
    ...{ model: 'sams/art', prompt: 'a cat', n: urls.length },
  });
  const text = await response.text();
  expect(text).not.toContain('127.0.0.1:8776');
  const { data } = JSON.parse(text) as { data: { url: string }[] };
  return { response, urls: data.map(({ url }) => url) };
}

async function codeOf(response: Response) {
  const { error } = (await response.json()) as { error: { code: string } };
  return [response.status, error.code];
}

describe('a file that a worker only names', () => {
  it('is fetched from us, by whoever has its address, and costs nothing more', async () => {
    const { response, urls } = await pictures(`${machine}/v1/files/x.png`, '/v1/files/x.png');
    const receipt = await market.receipt(buyer, response.headers.get('x-request-id') ?? '');
    expect(receipt.units).toMatchObject({ image: 2 });
    expect(BigInt(receipt.charge)).toBe(costOf(receipt.units, prices));
    expect(new Set(urls).size).toBe(2);
    const before = await market.restingWallet(buyer);
    for (const url of urls) {
      expect(url).toMatch(new RegExp(`^${market.url}/v1/media/[\\w-]{128,}$`));
      const file = await fetch(url);
      expect(Buffer.from(await file.arrayBuffer())).toEqual(pixel);
      expect(Object.fromEntries(file.headers)).toMatchObject({
        'content-type': 'image/png',
        'content-disposition': "inline; filename*=UTF-8''x%20y.png",
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; sandbox",
        'cache-control': expect.stringMatching(/^private, max-age=\d+$/),
      });
    }
    expect(await market.restingWallet(buyer)).toEqual(before);
  });

  it('is given in parts', async () => {
    worker.on('GET v1/files/film.mp4', ({ headers }) => ({
      status: 206,
      contentType: 'video/mp4',
      headers: { 'content-range': 'bytes 1-2/4' },
      body: Buffer.from(headers.range === 'bytes=1-2' ? 'il' : '??'),
    }));
    const { urls } = await pictures(`${machine}/v1/files/film.mp4`);
    const part = await fetch(urls[0] ?? '', { headers: { range: 'bytes=1-2' } });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe('bytes 1-2/4');
    expect(await part.text()).toBe('il');
  });

  it.each(['page', 'drawing'])('is never a %s that a browser would run', async (name) => {
    const { urls } = await pictures(`${machine}/v1/files/${name}`);
    const file = await fetch(urls[0] ?? '');
    expect(Object.fromEntries(file.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment',
      'content-security-policy': "default-src 'none'; sandbox",
    });
  });

  it('is not paid for where nobody could fetch it', async () => {
    const before = await market.restingWallet(buyer);
    worker.on('POST v1/images/generations', () => ({ data: [{ url: `${machine}/static/x.png` }] }));
    const response = await call('/v1/images/generations', { model: 'sams/art', prompt: 'a cat' });
    expect(await codeOf(response)).toEqual([502, 'all_attempts_failed']);
    expect(await market.restingWallet(buyer)).toEqual(before);
  });

  it('is named in events and in the progress of jobs too', async () => {
    worker.on('POST v1/video/extend', (_request, frame) => {
      worker.socket.chunk(frame, `data: {"data":[{"url":"${machine}/v1/fi`);
      worker.socket.chunk(frame, 'les/x.png"}]}\n\n');
      worker.socket.reply(frame, { event: 'done', status: 'ok' });
      return undefined;
    });
    const events = await call('/v1/video/extend', { model: 'sams/art', stream: true });
    const text = await events.text();
    expect(text).toContain(`${market.url}/v1/media/`);
    expect(text).not.toContain('8776');
    worker.on('GET v1/video/progress/7', () => ({ done: `${machine}/v1/files/x.png` }));
    const progress = await call('/v1/video/progress/7?model=sams/art');
    const { done } = (await progress.json()) as { done: string };
    expect(Buffer.from(await (await fetch(done)).arrayBuffer())).toEqual(pixel);
  });

  it('is named by films', async () => {
    const film = {
      id: 'f-1',
      object: 'video',
      status: 'queued',
      thumb: `${machine}/v1/files/x.png`,
    };
    worker.on('POST v1/videos', () => film);
    worker.on('GET v1/videos/f-1', () => ({ ...film, status: 'completed' }));
    const created = await call('/v1/videos', { model: 'sams/art', prompt: 'a cat' });
    const { id, thumb } = (await created.json()) as { id: string; thumb: string };
    expect(thumb).toContain(`${market.url}/v1/media/`);
    const shown = (await (await call(`/v1/videos/${id}`)).json()) as { thumb: string };
    expect(Buffer.from(await (await fetch(shown.thumb)).arrayBuffer())).toEqual(pixel);
  });

  it('is left alone where it lies elsewhere', async () => {
    const { urls } = await pictures('https://files.example/v1/files/x.png');
    expect(urls).toEqual(['https://files.example/v1/files/x.png']);
  });

  it('is found by its own address only', async () => {
    const { urls } = await pictures(`${machine}/v1/files/x.png`);
    const [url = ''] = urls;
    const asked = worker.requests.length;
    const others = [
      `${url.slice(0, -9)}AAAAAAAAA`,
      `${market.url}/v1/media/x`,
      `${market.url}/v1/media/`,
    ];
    for (const other of others)
      expect(await codeOf(await fetch(other))).toEqual([404, 'media_missing']);
    expect((await fetch(`${url}/../../files/page`)).status).toBeGreaterThanOrEqual(400);
    expect(worker.requests).toHaveLength(asked);
    worker.on('GET v1/files/gone.png', () => ({ status: 404, body: '{}' }));
    const gone = await pictures(`${machine}/v1/files/gone.png`);
    expect(await codeOf(await fetch(gone.urls[0] ?? ''))).toEqual([404, 'media_missing']);
  });

  it('is out of reach while its worker is away, there when it is back, and gone in the end', async () => {
    const { urls } = await pictures(`${machine}/v1/files/x.png`);
    const namedAtMs = Date.now();
    const [url = ''] = urls;
    worker.stop();
    await market.untilUnbuyable(buyer, 'sams/art');
    expect(await codeOf(await fetch(url))).toEqual([503, 'maker_away']);
    worker = await connected();
    await market.untilBuyable(buyer, 'sams/art');
    const back = await fetch(url);
    const isGood = Date.now() - namedAtMs < ttlMs;
    expect(isGood ? back.status : 200).toBe(200);
    await until(async () => (await fetch(url)).status === 404, {
      message: 'the address has expired',
    });
    expect(Date.now() - namedAtMs).toBeGreaterThanOrEqual(ttlMs - 1_000);
  });
});
