import { randomUUID } from 'node:crypto';
import { FakeWorker, until, WorkerRefused } from '@aisbf/testkit';
import { type CanaryMarket, chosen, loudModel } from './canary-market.js';
import { headersText, type Place } from './canary-places.js';
import { moods } from './canary-upstream.js';

type Sending = Readonly<{
  method?: string;
  token?: string;
  headers?: Readonly<Record<string, string>>;
  body?: unknown;
  expected?: readonly string[];
}>;

/** Does everything that people do well and badly, and keeps every answer. */
export class CanaryTraffic {
  readonly answers: Place[] = [];
  /** One that was served. */
  requestId = '';
  lastBody = '';

  constructor(private readonly canary: CanaryMarket) {}

  /** Each mood of an upstream, behind a hosted provider and behind a worker, whole and as a stream. */
  async buyInEveryMood(): Promise<void> {
    const buys = moods.flatMap((mood) =>
      ['hosted', 'sams'].flatMap((provider) =>
        [false, true].map((stream) => this.buy({ model: `${provider}/${mood}`, stream })),
      ),
    );
    await Promise.all(buys);
    const key = `key-${randomUUID()}`;
    for (const _ of [1, 2]) {
      await this.buy({ model: 'hosted/plain', headers: { 'idempotency-key': key } });
    }
    await this.buySelected();
  }

  /** What an autoselect has decided about the prompt is kept with the receipt. */
  private async buySelected(): Promise<void> {
    const from = [{ providerId: this.canary.hostedId, model: 'plain' }];
    await this.send('/api/catalog/autoselects/plain', {
      method: 'PUT',
      body: { otherwise: [{ from, privacy: 'ignored' }] },
    });
    await this.buy({ model: 'user-autoselect/plain' });
    const { requestId } = this;
    await until(async () => {
      await this.send(`/v1/generation?id=${requestId}`);
      return this.lastBody.includes('"selections"');
    });
  }

  private async buy(
    options: Readonly<{ model: string; stream?: boolean; headers?: Record<string, string> }>,
  ): Promise<void> {
    const { model, stream = false, headers = {} } = options;
    const messages = [{ role: 'user', content: chosen.prompt }];
    const isServed = model.endsWith('/plain');
    const answer = await this.send('/v1/chat/completions', {
      headers,
      body: { model, messages, stream },
      expected: isServed ? ['reply'] : [],
    });
    if (isServed) this.requestId = answer?.headers.get('x-request-id') ?? '';
  }

  /** A browser's way to a session, which nobody sells here. */
  private openSession(protocols: readonly string[]): Promise<void> {
    const url = `${this.canary.market.url.replace('http', 'ws')}/v1/realtime?model=hosted/plain`;
    const socket = new WebSocket(url, [...protocols]);
    return new Promise((resolve) => socket.addEventListener('close', () => resolve()));
  }

  /** Buyers who put their token where it does not belong, and wrong ones where it does. */
  async misplaceTokens(): Promise<void> {
    const { apiToken } = this.canary.people.buyer;
    const { registrationToken } = this.canary.shop;
    for (const token of [apiToken, registrationToken]) {
      const inUrl = encodeURIComponent(token);
      const half = token.slice(0, -3);
      await this.openSession(['realtime', `openai-insecure-api-key.${token}`]);
      await this.openSession([`openai-insecure-api-key.${half}`]);
      await this.send(`/v1/models?api_key=${inUrl}`, { token: '' });
      await this.send(`/v1/models/${inUrl}`);
      await this.send(`/v1/generation?id=${inUrl}`);
      await this.send(`/api/catalog/providers/${inUrl}`);
      await this.send(`/api/catalog/providers?username=${inUrl}`);
      await this.send(`/api/account/usage?from=${inUrl}`);
      await this.send(`/nowhere/${inUrl}?token=${inUrl}`);
      await this.send(`/internal/${inUrl}`);
      await this.send('/v1/models', { token: half });
      await this.send('/api/account/me', { token: half });
      await this.send('/api/catalog/providers', { token: half });
      await this.send('/api/coderai/broker/sessions', { token: half });
      await this.send('/v1/models', { token: '', headers: { 'x-api-key': token } });
      await this.send('/v1/models', {
        token: '',
        headers: { authorization: `Basic ${Buffer.from(`user:${token}`).toString('base64')}` },
      });
      for (const body of [
        `{"model":"hosted/plain","${token}`,
        token,
        { model: token, messages: [] },
        { model: `hosted/${token}`, messages: [{ role: 'user', content: chosen.prompt }] },
        { model: 'hosted/plain', messages: token },
        { model: 'hosted/plain', messages: [{ role: token, content: chosen.prompt }] },
        { model: 'hosted/plain', messages: [chosen.prompt] },
      ]) {
        // A model takes any role that it knows.
        await this.send('/v1/chat/completions', { body, expected: ['reply'] });
      }
      await this.send('/v1/chat/completions', {
        headers: { 'idempotency-key': `${token} ${'x'.repeat(300)}` },
        body: { model: 'hosted/plain', messages: [] },
      });
    }
  }

  /** Those who manage things, with bodies that are not what they should be. */
  async manageBadly(): Promise<void> {
    const { people, hostedId, market } = this.canary;
    const { credential } = chosen;
    const hosted = { kind: 'openai', name: 'more', baseUrl: 'https://x.example/v1', credential };
    const models = [{ name: 'm' }];
    const token = market.operator.apiToken;
    const bodies = [
      `{"credential":"${credential}`,
      credential,
      [credential],
      hosted,
      { ...hosted, models, credential: credential.repeat(200) },
      { ...hosted, models, credential: [credential] },
      { ...hosted, models, [credential]: credential },
      { ...hosted, models, kind: credential },
      { ...hosted, models, name: credential },
      { ...hosted, models, baseUrl: `https://user:${encodeURIComponent(credential)}@x.example` },
      { ...hosted, models, baseUrl: credential },
      { ...hosted, models, baseUrl: `https://x.example/#${encodeURIComponent(credential)}` },
      { ...hosted, models, headers: { [credential]: credential } },
      { ...hosted, models, headers: { 'x-a': `${credential}\n` } },
      { ...hosted, models, headers: { host: credential } },
      { ...hosted, models, query: { [`${credential} `]: credential, a: [credential] } },
      { ...hosted, models, username: people.buyer.apiToken },
      { ...hosted, models, name: 'hosted' },
      { ...hosted, models, name: 'theirs', username: 'global' },
      { ...hosted, models: credential },
    ];
    for (const body of bodies) {
      await this.send('/api/catalog/providers', { token, body });
      await this.send('/api/catalog/providers', { body });
      await this.send(`/api/catalog/providers/${hostedId}`, { token, method: 'PATCH', body });
      await this.send(`/api/account/top-ups`, { token, body });
      await this.send(`/api/account/api-tokens`, { token, body });
    }
    await this.send(`/api/catalog/providers/${hostedId}`, {
      token,
      method: 'PATCH',
      body: { credential },
    });
    await this.payBadly();
  }

  private async payBadly(): Promise<void> {
    const { people, market } = this.canary;
    const topUp = () => ({ topUpId: randomUUID(), amount: '5000000000' });
    for (const { token } of [
      { token: market.operator.apiToken },
      { token: people.manager.apiToken },
    ]) {
      await this.send('/api/account/top-ups', { token, body: topUp() });
      await this.send('/api/account/payout-account/onboarding', { token, method: 'POST' });
    }
    const { stripeWebhookSecret: secret } = chosen;
    for (const body of [secret, { id: secret, type: secret, data: {} }, `{"x":"${secret}`]) {
      await this.send('/api/account/payments/webhook/stripe', {
        token: '',
        headers: { 'stripe-signature': `t=1,v1=${secret}` },
        body,
      });
    }
  }

  /** Workers with wrong tokens, and one that says its own at every occasion. */
  async connectBadly(): Promise<void> {
    const { shop, people, url } = this.canary;
    const { registrationToken } = shop;
    const identity = {
      marketUrl: url,
      scope: 'sam',
      provider: shop.provider,
      clientId: 'loud',
      registrationToken,
    };
    const changes = [
      { registrationToken: `${registrationToken}x` },
      { registrationToken: people.buyer.apiToken },
      { provider: registrationToken },
      { clientId: registrationToken.repeat(9) },
      { username: registrationToken },
      { scope: 'alice' },
      { scope: registrationToken },
    ];
    for (const change of changes) await this.refused({ ...identity, ...change });
    const query = new URLSearchParams({
      provider_id: shop.provider,
      client_id: 'loud',
      username: 'sam',
      registration_token: `${registrationToken}x`,
    });
    for (const path of ['wss', 'register', 'nowhere']) {
      await this.send(`/api/u/sam/coderai/${path}?${query}`, { token: '', method: 'POST' });
      await this.send(`/api/u/sam/coderai/${path}?${query}`, { token: '' });
    }
    await this.talk(await FakeWorker.connect(identity), registrationToken);
  }

  private async talk(worker: FakeWorker, token: string): Promise<void> {
    const capabilities = { server: 'fake', registration_token: token, endpoint: token };
    worker.register([loudModel], capabilities);
    await worker.frame(({ op }) => op === 'models.list');
    for (const frame of [
      { v: 1, op: token },
      { v: 1, request_id: token, status: token },
    ]) {
      worker.send(frame);
    }
    worker.send({
      v: 1,
      op: 'register',
      request_id: token,
      payload: { registration_token: token },
    });
    worker.send({ v: 1, request_id: 'x', event: 'error', payload: { message: token } });
    worker.sendText(`{"v":1,"op":"${token}`);
    worker.on('chat.completions', (frame) =>
      worker.reply(frame, {
        status: 'error',
        error: { code: 'x', message: `I am ${token}`, status: 400, status_code: 400 },
      }),
    );
    const { market, people, shop } = this.canary;
    await market.untilBuyable(people.buyer, `${shop.provider}/${loudModel}`);
    await this.buy({ model: `${shop.provider}/${loudModel}` });
    worker.stop();
  }

  private async refused(identity: Parameters<typeof FakeWorker.connect>[0]): Promise<void> {
    try {
      (await FakeWorker.connect(identity)).stop();
    } catch (error) {
      if (!(error instanceof WorkerRefused)) throw error;
      this.answers.push({ place: 'answer to a worker', text: error.body });
    }
  }

  /** Tables that are not as the services know them: what they do then is a bug to them. */
  async breakTables(): Promise<void> {
    const { market } = this.canary;
    const token = market.operator.apiToken;
    const { credential } = chosen;
    await market.query('ALTER TABLE router.provider RENAME COLUMN base_url TO gone');
    await this.send('/api/catalog/providers', {
      token,
      body: {
        ...{ kind: 'openai', name: 'last', baseUrl: 'https://x.example/v1', credential },
        models: [{ name: 'm' }],
      },
    });
    await market.query('ALTER TABLE accounts.api_token RENAME COLUMN scopes TO gone');
    await this.send('/api/account/api-tokens', {
      token,
      body: { name: 'last', username: 'alice', scopes: ['usage'] },
    });
    await this.send('/api/account/me', { token: this.canary.people.manager.apiToken });
    await this.send('/v1/models', { token: this.canary.people.spender.apiToken });
    await this.buy({ model: 'hosted/broken' });
  }

  /** Sends it, and keeps the answer. Expected are the canaries that its sender may get. */
  async send(path: string, sending: Sending = {}): Promise<Response | undefined> {
    const {
      body,
      expected = [],
      headers = {},
      token = this.canary.people.buyer.apiToken,
    } = sending;
    const method = sending.method ?? (body === undefined ? 'GET' : 'POST');
    try {
      const response = await fetch(`${this.canary.url}${path}`, {
        method,
        headers: {
          ...(token !== '' && { authorization: `Bearer ${token}` }),
          'content-type': 'application/json',
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const said = await response.text().catch((error: unknown) => `broke off: ${String(error)}`);
      this.lastBody = said;
      const text = `${response.status} ${headersText(response)}\n${said}`;
      this.answers.push({ place: `answer to ${method} ${placeOf(path)}`, text, expected });
      return response;
    } catch (error) {
      this.answers.push({ place: `no answer to ${placeOf(path)}`, text: String(error) });
      return undefined;
    }
  }
}

/** Without what was put into it. */
function placeOf(path: string): string {
  return path.replaceAll(/[?].*|aisbfw?_\w+/g, '…');
}
