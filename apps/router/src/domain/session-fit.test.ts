import { randomUUID } from 'node:crypto';
import {
  type EndpointName,
  endpointAskedBy,
  endpointNames,
  SessionPresence,
} from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sessionEndpoint, sessionRejection } from './session-fit.js';
import { hostedDoor } from './upstream.js';

describe(sessionEndpoint, () => {
  it.each([
    ['responses', ['/v1/responses', '/v1/chat/completions'], 'responses'],
    ['responses', ['/v1/chat/completions'], 'chat.completions'],
    ['messages', ['/v1/messages'], 'messages'],
    ['messages', undefined, 'chat.completions'],
    ['embeddings', undefined, 'embeddings'],
    ['responses', ['/v1/embeddings'], undefined],
    ['completions', ['/v1/chat/completions'], 'chat.completions'],
    // No worker can be reached by a WebSocket, whatever it says of itself.
    ['realtime', ['/v1/realtime', '/v1/chat/completions'], undefined],
    ['realtime', undefined, undefined],
  ] as const)('%s of who serves %j is asked by %s', (wanted, endpoints, expected) => {
    const session = endpoints ? { endpoints: [...endpoints] } : {};
    expect(sessionEndpoint(session, { endpoint: wanted })).toBe(expected);
  });
});

describe(sessionRejection, () => {
  const session = SessionPresence.parse({
    ...{ sessionId: 's', epoch: 1, clientId: 'rig', state: 'serving', frameBytesMax: 1_000_000 },
    ...{
      inFlight: 0,
      inFlightMax: 4,
      queued: 0,
      username: 'sam',
      connectedAtMs: 0,
      hardware: null,
    },
    ...{ providerId: randomUUID(), ownerId: randomUUID() },
    models: [{ name: 'm', contextTokensMax: 77 }],
  });
  const rejection = (endpoint: EndpointName) =>
    sessionRejection('m', session, {
      ...{ endpoint, bodyBytes: 1, promptTokens: 800, frameOverheadBytes: 1, sessionQueuedMax: 1 },
    });

  it.each(['chat.completions', 'embeddings', 'rerank'] as const)(
    'leaves out for %s whose context is shorter than the prompt',
    (endpoint) => expect(rejection(endpoint)).toBe('context_too_small'),
  );

  it.each(['images.edits', 'images.generations', 'audio.speech', 'videos'] as const)(
    'asks for %s whoever has a short context for words',
    (endpoint) => expect(rejection(endpoint)).toBeUndefined(),
  );
});

describe(endpointAskedBy, () => {
  it('never asks by what is not served', () => {
    const names = fc.constantFrom(...endpointNames);
    fc.assert(
      fc.property(names, fc.uniqueArray(names), (wanted, served) => {
        const asked = endpointAskedBy(wanted, (name) => served.includes(name));
        expect(asked === undefined || served.includes(asked)).toBe(true);
        if (served.includes(wanted)) expect(asked).toBe(wanted);
      }),
    );
  });
});

describe(hostedDoor, () => {
  const source = {
    kind: 'openai',
    baseUrl: 'https://x.example/v1',
    headers: {},
    models: new Map([['m', 'theirs']]),
  } as const;

  it('opens by the endpoint itself where the owner says that there is one', () => {
    const endpoints = new Set(['responses'] as const);
    expect(hostedDoor({ ...source, endpoints }, 'm', { endpoint: 'responses' })).toMatchObject({
      ...{ modelThere: 'theirs', endpoint: 'responses' },
    });
    expect(hostedDoor(source, 'm', { endpoint: 'responses' })).toMatchObject({
      endpoint: 'chat.completions',
    });
    const talking = { ...source, endpoints: new Set(['realtime'] as const) };
    expect(hostedDoor(talking, 'm', { endpoint: 'realtime' })).toMatchObject({
      endpoint: 'realtime',
    });
    expect(hostedDoor(source, 'm', { endpoint: 'realtime' })).toBe('endpoint_unsupported');
  });

  it('opens to completions as they came, by chat where there is nothing else, and to some by nothing else', () => {
    const askedBy = (
      endpoints: Iterable<'chat.completions' | 'completions'> | undefined,
      isAsItCame: boolean,
    ) => {
      const told = { ...source, ...(endpoints && { endpoints: new Set(endpoints) }) };
      const door = hostedDoor(told, 'm', { endpoint: 'completions', isAsItCame });
      return typeof door === 'string' ? door : door.endpoint;
    };
    const both = ['chat.completions', 'completions'] as const;
    expect([askedBy(undefined, false), askedBy(both, false)]).toEqual(Array(2).fill('completions'));
    expect(askedBy(['chat.completions'], false)).toBe('chat.completions');
    expect(askedBy(['chat.completions'], true)).toBe('endpoint_unsupported');
    expect(askedBy(both, true)).toBe('completions');
  });

  it.each([
    [{ ...source }, 'none', 'not_offered'],
    [{ ...source, headers: null }, 'm', 'credential_unreadable'],
    [{ ...source, endpoints: new Set(['embeddings'] as const) }, 'm', 'endpoint_unsupported'],
  ] as const)('stays shut for a reason', (closed, model, reason) => {
    expect(hostedDoor(closed, model, { endpoint: 'messages' })).toBe(reason);
  });
});
