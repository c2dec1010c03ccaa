import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreatedApiToken, Rotation } from '@aisbf/contracts';
import { asOperator, findFreePorts, type Management, type Market } from '@aisbf/one-machine';
import { type Quantiles, quantiles } from '../statistics.js';

/** What the first candidate does; the second one always answers at once. */
export const firstFates = ['answers', 'refuses', 'answers 503', 'is silent'] as const;
export type FirstFate = (typeof firstFates)[number];

export type FailoverFigures = Readonly<{
  fate: FirstFate;
  /** Of whole requests, in milliseconds. */
  ms: Quantiles;
  /** How many of them the first candidate has seen; a refused connection is seen by nobody. */
  firstCalls: number;
  /** How many of them nobody has served, as the machine stood still for longer than the second one has for a first byte. */
  unserved: number;
}>;

/** For a first byte: short, and longer than a machine that is not idle mostly stands still. */
export const silenceMs = 250;
/** A rotation without any failure, for a request before each that counts. */
const between = 'between';
/** More than these are no accident. */
const unservedShareMax = 0.1;
const model = 'failover';
const answer = JSON.stringify({
  ...{ id: 'x', object: 'chat.completion', created: 1, model },
  choices: [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 1, total_tokens: 11 },
});
const credit = 1_000_000_000_000_000n;
const prices = { prompt: 500_000_000n, completion: 1_500_000_000n };
const limits = {
  requestsPerMinuteMax: 10_000_000,
  tokensPerMinuteMax: 1_000_000_000_000,
  concurrencyMax: 100_000,
};

/**
 * Each request has a first candidate of its own, which has never failed: whoever has failed is asked last. They take
 * turns, so that what else the machine does meets all of them alike.
 */
export async function failover(
  market: Market,
  { rounds, warmUp }: Readonly<{ rounds: number; warmUp: number }>,
): Promise<readonly FailoverFigures[]> {
  const upstreams = await startUpstreams();
  const operator = await asOperator(market.url, market.operatorTokenFile);
  const apiToken = await makeBuyer(operator);
  const second = await sell(operator, 'second', upstreams.urls.answers);
  const took = new Map(firstFates.map((fate) => [fate, [] as number[]]));
  for (const fate of firstFates) {
    for (let round = 0; round < rounds + warmUp; round += 1) {
      const name = nameOf(fate, round);
      const first = await sell(operator, name, upstreams.urls[fate]);
      await putRotation(operator, name, [first, second]);
    }
  }
  await putRotation(operator, between, [second]);
  for (let round = 0; round < rounds + warmUp; round += 1) {
    for (const fate of firstFates) {
      // Whatever comes after a silence would be the slower for it.
      await ask(market.services.gateway.url, apiToken, between);
      const ms = await ask(market.services.gateway.url, apiToken, nameOf(fate, round));
      if (round >= warmUp && ms !== undefined) took.get(fate)?.push(ms);
    }
  }
  const { calls } = upstreams;
  upstreams.stop();
  return firstFates.map((fate) => {
    const served = took.get(fate) ?? [];
    const unserved = rounds - served.length;
    if (unserved > rounds * unservedShareMax) {
      throw new Error(
        `Of ${rounds} requests whose first candidate ${fate}, ${unserved} were not served.`,
      );
    }
    return { fate, ms: quantiles(served), firstCalls: calls.get(fate) ?? 0, unserved };
  });
}

function nameOf(fate: FirstFate, round: number): string {
  return `first-${firstFates.indexOf(fate)}-${round}`;
}

/** Two servers that answer, one that says 503, one that says nothing; and a port at which nobody listens. */
async function startUpstreams() {
  const calls = new Map<FirstFate, number>();
  const counting = (fate: FirstFate, reply: Parameters<typeof createServer>[1]) =>
    listen(
      createServer((request, response) => {
        calls.set(fate, (calls.get(fate) ?? 0) + 1);
        // The body has to be read before the connection can be used again.
        request.resume();
        request.on('end', () => reply?.(request, response));
      }),
    );
  const json = { 'content-type': 'application/json' };
  const good = await counting('answers', (_, response) =>
    response.writeHead(200, json).end(answer),
  );
  const busy = await counting('answers 503', (_, response) =>
    response.writeHead(503, json).end('{}'),
  );
  const silent = await counting('is silent', () => undefined);
  const [nobody = 0] = await findFreePorts(1);
  return {
    calls,
    urls: {
      answers: urlOf(good),
      refuses: `http://127.0.0.1:${nobody}/v1`,
      'answers 503': urlOf(busy),
      'is silent': urlOf(silent),
    } satisfies Record<FirstFate, string>,
    stop: () => {
      for (const server of [good, busy, silent]) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

function listen(server: Server): Promise<Server> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

async function makeBuyer(operator: Management): Promise<string> {
  await operator.ensureUser('failover');
  await operator.grant('failover', credit, randomUUID());
  const request = { name: 'bench', username: 'failover', scopes: ['inference'], limits };
  const path = '/api/account/api-tokens';
  return (await operator.call('POST', path, CreatedApiToken, request)).apiToken;
}

async function sell(operator: Management, name: string, url: string): Promise<string> {
  const providerId = await operator.createHttpProvider(name, url, [model]);
  await operator.putListing(providerId, model, prices);
  return providerId;
}

async function putRotation(
  operator: Management,
  name: string,
  providerIds: readonly string[],
): Promise<void> {
  await operator.call('PUT', `/api/catalog/rotations/${name}`, Rotation, {
    firstByteMs: silenceMs,
    members: providerIds.map((providerId, priority) => ({ providerId, model, priority })),
  });
}

/** Milliseconds from the request to the last byte of a good answer; undefined where nobody served; throws at any other. */
async function ask(
  gatewayUrl: string,
  apiToken: string,
  rotation: string,
): Promise<number | undefined> {
  const startMs = performance.now();
  const response = await fetch(`${gatewayUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: `rotation/${rotation}`,
      messages: [{ role: 'user', content: 'Say ok.' }],
      max_tokens: 16,
    }),
  });
  const text = await response.text();
  if (response.status === 502 && text.includes('"all_attempts_failed"')) return undefined;
  if (response.status !== 200) throw new Error(`${rotation}: ${response.status} ${text}`);
  return performance.now() - startMs;
}
