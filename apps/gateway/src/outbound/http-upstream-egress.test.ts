import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Candidate } from '@aisbf/contracts';
import { type AddressLookup, EgressAgents, egressPolicies, egressSettings } from '@aisbf/egress';
import { createLog, Metrics } from '@aisbf/platform';
import { afterEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { EgressRefusals } from './egress-refusals.js';
import { HttpUpstream } from './http-upstream.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** Ends each connection, so that the next call resolves the name again. */
async function door(address: string, port = 0) {
  let connections = 0;
  const server: Server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { connection: 'close' }).end(address);
  });
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(port, address);
  await once(server, 'listening');
  closing.push(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}

function upstreamWith(given: Readonly<Record<string, string>>, lookup: AddressLookup) {
  const egress = egressPolicies(z.object(egressSettings).parse(given));
  const upstream = new HttpUpstream({
    internalSecret: 'a secret of this test only',
    agents: new EgressAgents({ kept: { connections: 4 }, connectTimeoutMs: 5_000, egress, lookup }),
    refusals: new EgressRefusals(createLog('test', 'silent'), new Metrics('test')),
  });
  closing.push(() => upstream.onApplicationShutdown());
  return async (candidate: Candidate): Promise<string> => {
    const answer = await upstream.send({
      ...{ candidate, path: '/chat/completions', isStream: false, isLast: true },
      ...({ method: 'POST', accept: 'application/json' } as const),
      body: { contentType: 'application/json', open: () => '{}' },
      ...{ requestId: 'req_1', buyerMark: 'buyer', signal: new AbortController().signal },
      deadlines: { firstByteMs: 5_000, idleMs: 5_000, totalMs: 10_000 },
    });
    const parts: Uint8Array[] = [];
    for await (const part of answer.body) parts.push(part);
    return Buffer.concat(parts).toString();
  };
}

const hosted = (url: string, isOfOperator?: boolean): Candidate => ({
  ...{ kind: 'http', providerId: 'p', providerLabel: 'ann/cloud', sellerOwnerId: 'o', model: 'm' },
  ...{ outputTokensHeld: null, url, headers: {} },
  ...(isOfOperator !== undefined && { isOfOperator }),
});

describe(EgressAgents, () => {
  it('never reaches a name whose address leads inside by the time it is called', async () => {
    // In this order: hardly anybody else listens at the second address.
    const inner = await door('127.0.0.1');
    const outer = await door('127.0.0.2', inner.port);
    let calls = 0;
    const rebinding: AddressLookup = async () => {
      calls += 1;
      return [{ address: calls === 1 ? '127.0.0.2' : '127.0.0.1', family: 4 }];
    };
    const settings = { AISBF_EGRESS_ALLOWED: '127.0.0.2', AISBF_EGRESS_PLAIN_HTTP: 'true' };
    const send = upstreamWith(settings, rebinding);
    const candidate = hosted(`http://rebinding.example:${outer.port}/v1`);
    expect(await send(candidate)).toBe('127.0.0.2');
    for (let turn = 0; turn < 3; turn += 1) {
      await expect(send(candidate)).rejects.toMatchObject({ failure: 'egress_refused' });
    }
    expect([outer.connections(), inner.connections()]).toEqual([1, 0]);
  });

  it('calls inside for the operator where that is open, and for nobody else', async () => {
    const inner = await door('127.0.0.1');
    const lookup: AddressLookup = async () => [{ address: '127.0.0.1', family: 4 }];
    const url = `http://ollama.lan:${inner.port}/v1`;
    const open = upstreamWith(
      { AISBF_EGRESS_OPERATOR_INTERNAL: 'true', AISBF_EGRESS_PLAIN_HTTP: 'true' },
      lookup,
    );
    expect(await open(hosted(url, true))).toBe('127.0.0.1');
    await expect(open(hosted(url, false))).rejects.toMatchObject({ failure: 'egress_refused' });
    await expect(open(hosted(url))).rejects.toMatchObject({ failure: 'egress_refused' });
    const shut = upstreamWith({}, lookup);
    await expect(shut(hosted(url, true))).rejects.toMatchObject({ failure: 'egress_refused' });
    expect(inner.connections()).toBe(1);
  });

  it('calls no user’s provider without TLS, unless that is open', async () => {
    const outer = await door('127.0.0.2');
    const lookup: AddressLookup = async () => [{ address: '127.0.0.2', family: 4 }];
    const send = upstreamWith({ AISBF_EGRESS_ALLOWED: '127.0.0.2' }, lookup);
    const url = `http://plain.example:${outer.port}/v1`;
    await expect(send(hosted(url))).rejects.toMatchObject({
      failure: 'egress_refused',
      cause: { reason: 'scheme' },
    });
    expect(await send(hosted(url, true))).toBe('127.0.0.2');
    expect(outer.connections()).toBe(1);
  });
});
