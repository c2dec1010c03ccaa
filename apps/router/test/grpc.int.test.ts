import { fileURLToPath } from 'node:url';
import {
  type Client,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceClientConstructor,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { admitRequest } from './admit-request.js';
import { type Harness, internalSecret, startHarness } from './running-router.js';

type Admit = (
  request: object,
  metadata: Metadata,
  done: (error: ServiceError | null, plan: Record<string, unknown>) => void,
) => void;

let harness: Harness;
let client: Client & { admit: Admit };
let operator: ReturnType<Harness['accounts']['token']>;

beforeAll(async () => {
  harness = await startHarness();
  const router = await harness.router();
  operator = harness.accounts.token('global');
  await router.call(operator.apiToken, 'POST', '/api/catalog/providers', {
    kind: 'openai',
    name: 'cloud',
    baseUrl: 'https://upstream.example/v1',
    credential: 'sk-upstream',
    models: [{ name: 'gpt' }],
  });
  const proto = fileURLToPath(import.meta.resolve('@aisbf/contracts/proto/router.proto'));
  const loaded = loadPackageDefinition(loadSync(proto, { longs: Number, arrays: true })) as {
    aisbf?: { router?: { v1?: { Router?: ServiceClientConstructor } } };
  };
  const Router = loaded.aisbf?.router?.v1?.Router;
  if (!Router) throw new Error('no service in the proto');
  const address = `127.0.0.1:${router.grpcPort}`;
  // The client has a method for each call of the proto, which its type cannot know.
  client = new Router(address, credentials.createInsecure()) as unknown as typeof client;
});

afterAll(async () => {
  client.close();
  await harness.stop();
});

function admit(request: object, secret = internalSecret) {
  const metadata = new Metadata();
  metadata.set('x-aisbf-internal-secret', secret);
  return new Promise<{ error: ServiceError | null; plan: Record<string, unknown> }>((resolve) => {
    client.admit(request, metadata, (error, plan) => resolve({ error, plan }));
  });
}

describe('Router over gRPC', () => {
  it('admits as the HTTP door does', async () => {
    // Zero, false and null are left out on the wire.
    const { type: _type, ...request } = admitRequest(operator.apiToken, 'cloud/gpt', {
      isStream: false,
      promptTokens: 0,
      outputTokensMax: null,
      inputs: ['image'],
      hasTools: true,
    });
    const { error, plan } = await admit({ ...request, pathUsername: undefined });
    expect(error).toBeNull();
    expect(plan).toMatchObject({
      requestId: request.requestId,
      holdEpoch: 1,
      holdAmount: '0',
      candidates: [
        {
          kind: 'http',
          url: 'https://upstream.example/v1',
          headers: { authorization: 'Bearer sk-upstream' },
        },
      ],
      deadlines: { firstByteMs: 60_000 },
    });
  });

  it('refuses as the HTTP door does, with the fault as data', async () => {
    const { error } = await admit(admitRequest(operator.apiToken, 'cloud/nothing'));
    expect(error?.code).toBe(status.NOT_FOUND);
    const fault = JSON.parse(String(error?.metadata.get('fault')[0]));
    expect(fault).toMatchObject({ code: 'MODEL_NOT_FOUND', kind: 'missing' });
  });

  it('refuses a request without its facts, and a caller without our secret', async () => {
    const request = admitRequest(operator.apiToken, 'cloud/gpt');
    const empty = await admit({ requestId: request.requestId, apiToken: request.apiToken });
    expect(empty.error?.code).toBe(status.INVALID_ARGUMENT);
    const stranger = await admit(request, 'not the secret');
    expect(stranger.error?.code).toBe(status.PERMISSION_DENIED);
  });
});
