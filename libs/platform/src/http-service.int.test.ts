import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { internalHeaders } from '@aisbf/contracts';
import { defineFaults, Fault } from '@aisbf/faults';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { z } from 'zod';
import { startHttpService } from './http-service.js';
import { InternalClient } from './internal-client.js';
import { Log } from './log.js';
import { Metrics } from './metrics.js';
import { parsed } from './parsed.js';
import { Readiness } from './readiness.js';

const secret = 'a secret of this test only';
const faults = defineFaults({ WELL_EMPTY: ['throttled', 'The well is empty.'] });
const Echo = z.strictObject({ words: z.string().max(10) });

@Controller()
class TestController {
  @Post('internal/v1/echo')
  @HttpCode(200)
  echo(@Body(parsed(Echo)) body: object) {
    return body;
  }

  @Get('api/well')
  well() {
    throw faults.WELL_EMPTY({ retryAfterMs: 1200 });
  }

  @Get('api/bug')
  bug() {
    throw new Error('SELECT secret FROM nowhere');
  }
}

class TestModule {}

class HeardLog extends Log {
  readonly errors: object[] = [];
  debug(): void {}
  info(): void {}
  warn(): void {}
  error(fields: object): void {
    this.errors.push(fields);
  }
  child(): Log {
    return this;
  }
}

const log = new HeardLog();
const readiness = new Readiness();
const options = {
  module: { module: TestModule, controllers: [TestController] },
  host: '127.0.0.1',
  port: 0,
  bodyBytesMax: 1000,
  internalSecret: secret,
  trustedProxies: '',
  log,
  metrics: new Metrics('test'),
  readiness,
};
let app: NestFastifyApplication;
let url: string;
let isPeerThere = true;

beforeAll(async () => {
  readiness.add('peer', () => {
    if (!isPeerThere) throw new Error('gone');
    return true;
  });
  app = await startHttpService(options);
  url = await app.getUrl();
});
afterAll(() => app.close());

const post = (body: string, headers: Record<string, string> = {}) =>
  fetch(`${url}/internal/v1/echo`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });

describe(startHttpService, () => {
  it('opens its internal door to the secret only', async () => {
    for (const headers of [
      {},
      { [internalHeaders.secret]: 'wrong' },
      { [internalHeaders.secret]: `${secret}x` },
    ]) {
      const response = await post('{"words":"hi"}', headers as Record<string, string>);
      expect([response.status, await response.json()]).toMatchObject([
        403,
        { fault: { code: 'INTERNAL_SECRET_WRONG' } },
      ]);
    }
    expect(
      await (await post('{"words":"hi"}', { [internalHeaders.secret]: secret })).json(),
    ).toEqual({ words: 'hi' });
  });

  it.each([
    ['no JSON', '{', 400],
    ['a wrong type', '{"words":7}', 400],
    ['a field too many', '{"words":"a","x":1}', 400],
    ['too many bytes', JSON.stringify({ words: 'x'.repeat(2000) }), 413],
  ])('refuses %s with a fault', async (_name, body, status) => {
    const response = await post(body, { [internalHeaders.secret]: secret });
    expect(response.status).toBe(status);
    expect(await response.json()).toHaveProperty('fault.code');
  });

  it('tells faults with patience, and nothing of a bug', async () => {
    const well = await fetch(`${url}/api/well`);
    expect([
      well.status,
      well.headers.get('retry-after'),
      well.headers.get('x-should-retry'),
    ]).toEqual([429, '2', 'true']);
    expect(await well.json()).toMatchObject({ error: { code: 'well_empty' } });
    const bug = await fetch(`${url}/api/bug`);
    expect(bug.status).toBe(500);
    expect(await bug.text()).not.toContain('SELECT');
    expect(log.errors).toHaveLength(1);
    expect((await fetch(`${url}/api/nothing`)).status).toBe(404);
  });

  it('is ready while everything it needs is, and until it leaves', async () => {
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({
      ready: false,
      missing: ['start'],
    });
    readiness.markStarted();
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    isPeerThere = false;
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({
      ready: false,
      missing: ['peer'],
    });
    isPeerThere = true;
    readiness.beginDrain();
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it('shows its metrics', async () => {
    expect(await (await fetch(`${url}/metrics`)).text()).toContain(
      'aisbf_test_http_seconds_bucket',
    );
  });
});

describe('a service that leaves', () => {
  const open = (port: number) => {
    const socket = connect(port, '127.0.0.1');
    return once(socket, 'connect').then(() => socket);
  };

  it('waits for its requests, and for no connection that is silent or kept', async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<string>();
    const leaving = await startHttpService({
      ...options,
      metrics: new Metrics('leaving'),
      onFastify: (fastify) => {
        fastify.get('/slow', () => {
          asked.resolve();
          return answer.promise;
        });
      },
    });
    const { port } = new URL(await leaving.getUrl());
    const silent = await open(Number(port));
    const closed = once(silent.resume(), 'close');
    const running = fetch(`http://127.0.0.1:${port}/slow`);
    await asked.promise;

    const left = leaving.close();
    await closed;
    answer.resolve('done');
    expect(await (await running).text()).toBe('done');
    await left;
  });
});

describe(InternalClient, () => {
  const call = async (path: string, body: unknown, given = secret, baseUrl = url) => {
    const client = new InternalClient({ baseUrl, secret: given, timeoutMs: 1000 });
    try {
      return await client.post(path, body, Echo);
    } finally {
      await client.close();
    }
  };

  it('rebuilds a fault of the other side', async () => {
    expect(await call('/internal/v1/echo', { words: 'hi' })).toEqual({ words: 'hi' });
    const fault = await call('/internal/v1/echo', { words: 7 }).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(Fault);
    expect(fault).toMatchObject({ code: 'REQUEST_INVALID', kind: 'invalid' });
  });

  it('tells a peer that is not there, or not one of ours, as unavailable', async () => {
    await expect(call('/internal/v1/echo', {}, secret, 'http://127.0.0.1:1')).rejects.toMatchObject(
      { code: 'PEER_UNREACHABLE', details: { wasSent: false } },
    );
    const deaf = createServer((socket) => socket.once('data', () => socket.destroy()));
    deaf.listen(0, '127.0.0.1');
    await once(deaf, 'listening');
    const { port } = deaf.address() as AddressInfo;
    await expect(call('/x', {}, secret, `http://127.0.0.1:${port}`)).rejects.toMatchObject({
      code: 'PEER_UNREACHABLE',
      details: { wasSent: true },
    });
    deaf.close();
    await expect(call('/healthz', {})).rejects.toMatchObject({ kind: 'unavailable' });
  });
});
