import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Agent } from 'undici';
import { z } from 'zod';
import type { AddressLookup } from './address-lookup.js';
import { EgressRefused } from './egress-refused.js';
import { egressPolicies, egressSettings } from './egress-settings.js';
import { guardedConnector } from './guarded-connector.js';

type Door = Readonly<{ server: Server; port: number; connections: () => number }>;

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** Says which address was called; ends each connection, so that the next call makes another. */
async function open(address: string, port = 0): Promise<Door> {
  let connections = 0;
  const server = createServer((_request, response) => {
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
  return { server, port: (server.address() as AddressInfo).port, connections: () => connections };
}

function guarded(
  given: Readonly<Record<string, string>>,
  lookup?: AddressLookup,
  whose: 'operator' | 'others' = 'others',
) {
  const settings = z.object(egressSettings).parse({ AISBF_EGRESS_PLAIN_HTTP: 'true', ...given });
  const policy = egressPolicies(settings)[whose];
  const connect = guardedConnector({ policy, connectTimeoutMs: 5_000, ...(lookup && { lookup }) });
  const agent = new Agent({ connect });
  closing.push(() => agent.close());
  return async (origin: string): Promise<string> => {
    const { body } = await agent.request({ origin, path: '/', method: 'GET' });
    return body.text();
  };
}

/** Answers one list of addresses after the other, and the last one for ever. */
function answering(...answers: readonly string[][]): AddressLookup & { calls: string[] } {
  const calls: string[] = [];
  const lookup = async (hostname: string) => {
    calls.push(hostname);
    const answer = answers[Math.min(calls.length, answers.length) - 1] ?? [];
    return answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
  return Object.assign(lookup, { calls });
}

describe(guardedConnector, () => {
  it('connects to the address that it has judged, though the name has another one a moment later', async () => {
    const allowed = await open('127.0.0.2');
    const inner = await open('127.0.0.1', allowed.port);
    const lookup = answering(['127.0.0.2'], ['127.0.0.1']);
    const call = guarded({ AISBF_EGRESS_ALLOWED: '127.0.0.2' }, lookup);
    const origin = `http://rebinding.example:${allowed.port}`;

    expect(await call(origin)).toBe('127.0.0.2');
    expect(lookup.calls).toEqual(['rebinding.example']);
    await expect(call(origin)).rejects.toMatchObject({
      reason: 'address',
      host: 'rebinding.example',
    });
    await expect(call(origin)).rejects.toThrow(EgressRefused);
    expect(inner.connections()).toBe(0);
    expect(allowed.connections()).toBe(1);
  });

  it('opens no connection for a name that leads in here, alone or beside others', async () => {
    const inner = await open('127.0.0.1');
    for (const addresses of [
      ['127.0.0.1'],
      ['1.1.1.1', '127.0.0.1'],
      ['::ffff:127.0.0.1'],
      ['::1'],
    ]) {
      const call = guarded({}, answering(addresses));
      await expect(call(`http://inner.example:${inner.port}`)).rejects.toThrow(EgressRefused);
      await expect(call(`https://inner.example:${inner.port}`)).rejects.toThrow(EgressRefused);
    }
    expect(inner.connections()).toBe(0);
  });

  it('judges addresses that are written in the URL, for which nobody is asked', async () => {
    const inner = await open('127.0.0.1');
    const lookup = answering(['1.1.1.1']);
    const call = guarded({}, lookup);
    for (const host of [
      '127.0.0.1',
      '2130706433',
      '0x7f.0.0.1',
      '127.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
    ]) {
      const { origin } = new URL(`http://${host}:${inner.port}`);
      await expect(call(origin)).rejects.toMatchObject({
        name: 'EgressRefused',
        reason: 'address',
      });
    }
    expect(inner.connections()).toBe(0);
    expect(lookup.calls).toEqual([]);
  });

  it('reaches what the settings allow: an address, a network, a name', async () => {
    const { port } = await open('127.0.0.1');
    expect(await guarded({ AISBF_EGRESS_ALLOWED: '127.0.0.0/8' })(`http://127.0.0.1:${port}`)).toBe(
      '127.0.0.1',
    );
    const named = guarded({ AISBF_EGRESS_ALLOWED: 'gpu.lan' }, answering(['127.0.0.1']));
    expect(await named(`http://gpu.lan:${port}`)).toBe('127.0.0.1');
    await expect(named(`http://gpu2.lan:${port}`)).rejects.toThrow(EgressRefused);
    const listed = guarded({ AISBF_EGRESS_ALLOWED: 'localhost' });
    expect(await listed(`http://localhost:${port}`)).toBe('127.0.0.1');
  });

  it('reaches IPv6, where it is open', async () => {
    const { port } = await open('::1');
    const operator = guarded({ AISBF_EGRESS_OPERATOR_INTERNAL: 'true' }, undefined, 'operator');
    expect(await operator(`http://[::1]:${port}`)).toBe('::1');
    const named = guarded(
      { AISBF_EGRESS_OPERATOR_INTERNAL: 'true' },
      answering(['::1']),
      'operator',
    );
    expect(await named(`http://six.example:${port}`)).toBe('::1');
  });

  it('refuses schemes and ports before anybody is asked', async () => {
    const lookup = answering(['1.1.1.1']);
    const call = guarded({ AISBF_EGRESS_PLAIN_HTTP: 'false' }, lookup);
    await expect(call('http://api.example')).rejects.toMatchObject({ reason: 'scheme' });
    await expect(call('https://api.example:22')).rejects.toMatchObject({ reason: 'port' });
    expect(lookup.calls).toEqual([]);
  });

  it('tells a name without an address from one that is refused', async () => {
    const none = guarded({}, answering([]));
    await expect(none('http://none.example')).rejects.toThrow('none.example has no address');
    const unknown = guarded({}, () => Promise.reject(new Error('ENOTFOUND')));
    await expect(unknown('http://none.example')).rejects.toThrow('ENOTFOUND');
  });
});
