import { randomBytes, randomUUID } from 'node:crypto';
import type { Admit, RequestFacts, SessionPresence } from '@aisbf/contracts';

/** What a gateway would ask. */
export function admitRequest(
  apiToken: string,
  route: string,
  facts: Partial<RequestFacts> = {},
  pathUsername: string | null = null,
): Admit {
  return {
    type: 'admit',
    requestId: `req_${randomBytes(16).toString('hex')}`,
    apiToken,
    pathUsername,
    clientAddress: '127.0.0.1',
    facts: {
      endpoint: 'chat.completions',
      route,
      isStream: true,
      bodyBytes: 200,
      promptTokens: 10,
      outputTokensMax: 100,
      choices: 1,
      ...facts,
    },
  };
}

/** What a broker would tell of a worker's connection. */
export function presentSession(
  provider: Readonly<{ id: string; ownerId: string; username: string }>,
  models: readonly string[],
  changes: Partial<SessionPresence> = {},
): SessionPresence {
  return {
    sessionId: randomUUID(),
    epoch: 1,
    providerId: provider.id,
    ownerId: provider.ownerId,
    username: provider.username,
    clientId: 'worker-1',
    connectedAtMs: 1_000,
    state: 'serving',
    models: models.map((name) => ({ name, contextTokensMax: null })),
    hardware: null,
    frameBytesMax: 1_048_576,
    inFlight: 0,
    inFlightMax: 4,
    queued: 0,
    ...changes,
  };
}
