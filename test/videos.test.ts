import { FilmStudio, MarketUnderTest, type TestBuyer, type TestShop } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI, { toFile } from 'openai';
import { costOf, unevenPrices } from './price.js';

const prices = { ...unevenPrices, others: { video_second: '70000001', request: '17' } };
/** Every look of the market's own comes at once. */
const impatient = { GATEWAY_VIDEO_WATCH_MS: '100', GATEWAY_VIDEO_AGAIN_MS: '400' };
/** Nobody looks but the buyers. */
const patient = { GATEWAY_VIDEO_WATCH_MS: '3600000' };
const model = 'sams/films';

function clientOf(market: MarketUnderTest, { apiToken }: TestBuyer): OpenAI {
  return new OpenAI({ apiKey: apiToken, baseURL: `${market.url}/v1`, maxRetries: 0 });
}

function identityOf(market: MarketUnderTest, shop: TestShop, clientId = 'one') {
  const { username, provider, registrationToken } = shop;
  return { marketUrl: market.url, scope: username, provider, clientId, registrationToken };
}

async function opened(env: Readonly<Record<string, string>>, accounts = {}) {
  const market = await MarketUnderTest.start({ serviceEnv: { gateway: env, accounts } });
  const [alice, bob] = await Promise.all([market.buyer('alice'), market.buyer('bob')]);
  const shop = await market.shop('sam', 'sams', ['films'], prices);
  const studio = await FilmStudio.connect(identityOf(market, shop), ['films']);
  await market.untilBuyable(alice, model);
  return { market, alice, bob, shop, studio };
}

/** The receipt of a film's request, once it has ended. */
async function charged(market: MarketUnderTest, buyer: TestBuyer, response: Response) {
  return market.receipt(buyer, response.headers.get('x-request-id') ?? '');
}

describe('films', () => {
  let market: MarketUnderTest;
  let alice: TestBuyer;
  let bob: TestBuyer;
  let studio: FilmStudio;
  let shop: TestShop;
  let client: OpenAI;

  beforeAll(async () => {
    ({ market, alice, bob, studio, shop } = await opened(patient));
    client = clientOf(market, alice);
  }, 60_000);

  afterAll(async () => {
    studio?.stop();
    expect(await market?.stop()).toEqual([]);
  }, 60_000);

  const made = async (seconds: '4' | '8' | '12' = '4') => {
    const { data: video, response } = await client.videos
      .create({ model: model as 'sora-2', prompt: 'a cat', seconds })
      .withResponse();
    return { video, response, film: studio.last };
  };
  const codeOf = async (call: Promise<unknown>) => {
    const error = await call.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return error instanceof OpenAI.APIError ? [error.status, error.code] : error;
  };

  it('are paid for when they are there, once, for the seconds that were asked for', async () => {
    const before = await market.restingWallet(alice);
    const { video, response, film } = await made('8');
    expect(video).toMatchObject({ object: 'video', status: 'queued', seconds: '8', progress: 7 });
    expect(video.id).toMatch(/^video_[0-9a-f]{48}$/);
    expect(JSON.stringify(video)).not.toContain(film);
    const held = await market.wallet(alice);
    expect(held.posted).toBe(before.posted);
    expect(held.held).toBeGreaterThanOrEqual(8n * 70_000_001n);

    expect((await client.videos.retrieve(video.id)).status).toBe('queued');
    expect(await codeOf(client.videos.downloadContent(video.id))).toEqual([409, 'video_not_ready']);
    studio.end(film, 'completed');
    const seen = await Promise.all([1, 2, 3].map(() => client.videos.retrieve(video.id)));
    expect(seen.map(({ status }) => status)).toEqual(Array(3).fill('completed'));

    const receipt = await charged(market, alice, response);
    expect(receipt).toMatchObject({ outcome: 'completed', servedBy: { provider: 'sam/sams' } });
    expect(receipt.units).toEqual({
      prompt_token: 2,
      completion_token: 0,
      video_second: 8,
      request: 1,
    });
    expect(BigInt(receipt.charge)).toBe(costOf(receipt.units, prices));
    const after = await market.restingWallet(alice);
    expect(before.posted - after.posted).toBe(BigInt(receipt.charge));
  });

  it('come as bytes, whole and in parts, with the pictures that go with them', async () => {
    const { video, film } = await made();
    studio.end(film, 'completed');
    const whole = await client.videos.downloadContent(video.id);
    expect(whole.headers.get('content-type')).toBe('video/mp4');
    expect(whole.headers.get('content-disposition')).toContain('film.mp4');
    expect(Buffer.from(await whole.arrayBuffer())).toEqual(studio.content);
    const part = await client.videos.downloadContent(
      video.id,
      {},
      { headers: { range: 'bytes=4-9' } },
    );
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes 4-9/${studio.content.length}`);
    expect(await part.text()).toBe('really');
    const picture = await client.videos.downloadContent(video.id, { variant: 'thumbnail' });
    expect(await picture.text()).toBe('png');
  });

  it('cost nothing where they fail', async () => {
    const before = await market.restingWallet(alice);
    const { video, response, film } = await made();
    studio.end(film, 'failed');
    expect(await client.videos.retrieve(video.id)).toMatchObject({
      id: video.id,
      status: 'failed',
      error: { code: 'broken' },
    });
    expect(await charged(market, alice, response)).toMatchObject({
      outcome: 'seller_failed',
      charge: '0',
    });
    expect(await market.restingWallet(alice)).toEqual(before);
    studio.end(film, 'completed');
    expect((await client.videos.retrieve(video.id)).status).toBe('failed');
    expect(await codeOf(client.videos.downloadContent(video.id))).toEqual([409, 'video_failed']);
  });

  it('cost nothing where their maker has forgotten them', async () => {
    const { video, response, film } = await made();
    studio.films.delete(film);
    expect((await client.videos.retrieve(video.id)).status).toBe('failed');
    expect(await charged(market, alice, response)).toMatchObject({ charge: '0' });
  });

  it('take a picture along', async () => {
    const picture = await toFile(Buffer.from('png'), 'first.png', { type: 'image/png' });
    await client.videos.create({
      model: model as 'sora-2',
      prompt: 'it moves',
      input_reference: picture,
    });
    expect(studio.worker.requests.at(-1)?.multipart?.files).toMatchObject([
      { name: 'input_reference', filename: 'first.png' },
    ]);
    studio.end(studio.last, 'failed');
  });

  it('are made of others, by whoever has made those', async () => {
    const { video, film } = await made();
    expect(await codeOf(client.videos.remix(video.id, { prompt: 'more cats' }))).toEqual([
      409,
      'video_not_ready',
    ]);
    studio.end(film, 'completed');
    const { data: remix, response } = await client.videos
      .remix(video.id, { prompt: 'more cats' })
      .withResponse();
    expect(remix.remixed_from_video_id).toBe(video.id);
    expect(studio.worker.requests.at(-1)?.body).toEqual({ prompt: 'more cats' });
    studio.end(studio.last, 'completed');
    expect(await client.videos.retrieve(remix.id)).toMatchObject({
      status: 'completed',
      remixed_from_video_id: video.id,
    });
    expect((await charged(market, alice, response)).units).toMatchObject({ video_second: 4 });
  });

  it('are listed, a page at a time, and removed', async () => {
    const own = await market.buyer('lister');
    const theirs = clientOf(market, own);
    const ids: string[] = [];
    for (const prompt of ['one', 'two', 'three']) {
      ids.push((await theirs.videos.create({ model: model as 'sora-2', prompt })).id);
    }
    const listed = async () => {
      const found: string[] = [];
      for await (const video of theirs.videos.list({ limit: 2, order: 'asc' }))
        found.push(video.id);
      return found;
    };
    expect(await listed()).toEqual(ids);
    const [first = ''] = ids;
    expect(await codeOf(theirs.videos.delete(first))).toEqual([409, 'video_not_ready']);
    for (const film of [...studio.films.keys()].slice(-3)) studio.end(film, 'completed');
    expect(await theirs.videos.delete(first)).toMatchObject({ id: first, deleted: true });
    expect(await codeOf(theirs.videos.retrieve(first))).toEqual([404, 'video_missing']);
    expect(await listed()).toEqual(ids.slice(1));
    for (const id of ids.slice(1)) await theirs.videos.retrieve(id);
  });

  it("are nobody else's", async () => {
    const { video, film } = await made();
    studio.end(film, 'completed');
    await client.videos.retrieve(video.id);
    const stranger = clientOf(market, bob);
    const calls = [
      stranger.videos.retrieve(video.id),
      stranger.videos.downloadContent(video.id),
      stranger.videos.delete(video.id),
      stranger.videos.remix(video.id, { prompt: 'mine' }),
      client.videos.retrieve(`video_${'0'.repeat(48)}`),
      client.videos.retrieve(film),
    ];
    for (const call of calls) expect(await codeOf(call)).toEqual([404, 'video_missing']);
    expect((await stranger.videos.list()).data).toEqual([]);
  });

  it.each([
    [{ prompt: 'x' }, 'missing_required_parameter'],
    [{ model }, 'missing_required_parameter'],
    [{ model, prompt: 'x', seconds: 'many' }, 'invalid_type'],
    [{ model, prompt: 'x', seconds: '100000' }, 'invalid_type'],
    [{ model, prompt: 'x', size: 7 }, 'invalid_type'],
  ])('are refused for %j', async (body, code) => {
    expect(await codeOf(client.post('/videos', { body }))).toEqual([400, code]);
  });

  it.each(['limit=0', 'limit=x', 'order=up', 'after=7'])('are not listed by %s', async (search) => {
    expect(await codeOf(client.get(`/videos?${search}`))).toEqual([400, 'invalid_type']);
  });

  it('are said to be out of reach while their maker is away, and are there when it is back', async () => {
    const { video, film } = await made();
    const waiting = await made();
    studio.end(film, 'completed');
    await client.videos.retrieve(video.id);
    studio.stop();
    await market.untilUnbuyable(alice, model);
    expect(await codeOf(client.videos.downloadContent(video.id))).toEqual([503, 'maker_away']);
    expect((await client.videos.retrieve(video.id)).status).toBe('completed');
    expect(await codeOf(client.videos.retrieve(waiting.video.id))).toEqual([503, 'maker_away']);
    const back = await FilmStudio.connect(identityOf(market, shop), ['films']);
    await market.untilBuyable(alice, model);
    expect((await client.videos.retrieve(waiting.video.id)).status).toBe('failed');
    back.stop();
  });
});

describe('films that nobody asks for', () => {
  let market: MarketUnderTest;
  let alice: TestBuyer;
  let studio: FilmStudio;

  beforeAll(async () => {
    ({ market, alice, studio } = await opened(impatient));
  }, 60_000);

  afterAll(async () => {
    studio?.stop();
    expect(await market?.stop()).toEqual([]);
  }, 60_000);

  it('are paid for once though the gateway dies in between', async () => {
    const client = clientOf(market, alice);
    const { data: video, response } = await client.videos
      .create({ model: model as 'sora-2', prompt: 'a cat' })
      .withResponse();
    const { gateway } = market.market.services;
    await gateway.kill('SIGKILL');
    studio.end(studio.last, 'completed');
    await gateway.restart();
    const receipt = await market.receipt(alice, response.headers.get('x-request-id') ?? '', 20_000);
    expect(receipt).toMatchObject({ outcome: 'completed', units: { video_second: 4 } });
    await gateway.kill('SIGKILL');
    await gateway.restart();
    expect((await client.videos.retrieve(video.id)).status).toBe('completed');
    const { posted } = await market.restingWallet(alice);
    expect(posted).toBe(100_000_000_000n - BigInt(receipt.charge));
  }, 90_000);
});

describe('films that take too long', () => {
  let market: MarketUnderTest;
  let alice: TestBuyer;
  let studio: FilmStudio;

  beforeAll(async () => {
    const short = { ACCOUNTS_VIDEO_JOB_TTL_MS: '1', ACCOUNTS_REAPER_INTERVAL_MS: '200' };
    const market_ = await MarketUnderTest.start({
      serviceEnv: {
        gateway: patient,
        accounts: short,
        router: {
          ROUTER_HOLD_TTL_MS: '4000',
          ROUTER_TOTAL_MS_MAX: '3000',
          ROUTER_FIRST_BYTE_MS_MAX: '2000',
          ROUTER_IDLE_MS_MAX: '2000',
        },
      },
    });
    market = market_;
    alice = await market.buyer('alice');
    const shop = await market.shop('sam', 'sams', ['films'], prices);
    studio = await FilmStudio.connect(identityOf(market, shop), ['films']);
    await market.untilBuyable(alice, model);
  }, 60_000);

  afterAll(async () => {
    studio?.stop();
    expect(await market?.stop()).toEqual([]);
  }, 60_000);

  it('are neither paid for nor given out', async () => {
    const client = clientOf(market, alice);
    const before = await market.restingWallet(alice);
    const { data: video, response } = await client.videos
      .create({ model: model as 'sora-2', prompt: 'a cat' })
      .withResponse();
    const receipt = await market.receipt(alice, response.headers.get('x-request-id') ?? '', 20_000);
    expect(receipt.charge).toBe('0');
    studio.end(studio.last, 'completed');
    expect(await client.videos.retrieve(video.id)).toMatchObject({
      status: 'failed',
      error: { code: 'video_not_made' },
    });
    await expect(client.videos.downloadContent(video.id)).rejects.toMatchObject({ status: 409 });
    expect(await market.restingWallet(alice)).toEqual(before);
  }, 60_000);
});
