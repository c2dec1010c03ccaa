import { expect } from '@jest/globals';
import type { Identity, Script, Step } from './conformance-script.js';
import { globalProvider, openProvider } from './fake-peers.js';
import type { Handshake } from './raw-worker.js';

/** How the broker accepts a session: unasked, and as the answer to each register. */
export const accepted = {
  v: 1,
  event: 'registered',
  status: 'ok',
  accepted: true,
  session_id: expect.any(String),
  provider_id: 'yard',
  client_id: '$client',
  username: '$username',
  scope_name: '$username',
  owner_user_id: '$owner',
  expires_at: expect.any(Number),
  extensions: ['cancel', 'limits.max_frame_bytes', 'drain', 'binary-frames', 'stream-window'],
  limits: { stream_window_bytes: expect.any(Number) },
};
const answered = (requestId: string) => ({ ...accepted, request_id: requestId });

export const heartbeatAnswer = (requestId: string) => ({
  v: 1,
  event: 'heartbeat',
  status: 'ok',
  request_id: requestId,
  payload: { ts: expect.any(Number) },
});

/** A request as it comes to the worker. */
export const work = (op: string, method: string, path: string, more: object = {}) => ({
  v: 1,
  op,
  request_id: expect.any(String),
  provider_id: 'yard',
  client_id: '$client',
  method,
  path,
  stream: false,
  payload: {},
  ...more,
});
const asksModels: Step = { hears: work('models.list', 'GET', '/v1/models'), as: 'models' };
const asksCapabilities: Step = {
  hears: work('capabilities', 'GET', '/coderai/capabilities'),
  as: 'capabilities',
};
const models: Step = {
  sends: {
    v: 1,
    request_id: '$models',
    status: 'ok',
    payload: { object: 'list', data: [{ id: 'model-a', object: 'model' }] },
  },
};
const capabilities: Step = {
  sends: {
    v: 1,
    request_id: '$capabilities',
    status: 'ok',
    payload: {
      status_code: 200,
      headers: {},
      content_type: 'application/json',
      body: '{"server":{"name":"coderai"},"transports":{"websocket":true},"studio":{"endpoints":[]}}',
    },
  },
};

const hardware = {
  hostname: 'rig',
  platform: 'linux',
  gpus: [{ index: 0, name: 'g', vendor: 'v', total_vram_mb: 24_576, available_vram_mb: 20_480 }],
  gpu_count: 1,
  total_vram_mb: 24_576,
  available_vram_mb: 20_480,
};
const todaysRegister = {
  v: 1,
  op: 'register',
  request_id: 'reg-1',
  registration_token: openProvider.registrationToken,
  capabilities: { server: 'old' },
  payload: {
    endpoint: 'http://127.0.0.1:8000',
    transport: 'websocket',
    registration_token: openProvider.registrationToken,
    hardware,
    ...{ gpus: hardware.gpus, gpu_count: 1, total_vram_gb: 24, available_vram_gb: 20 },
    studio_endpoints: ['v1/images/generations'],
    capabilities: {
      server: { name: 'coderai' },
      version: '1',
      transports: ['websocket'],
      limits: { concurrency: 8 },
      openai_compat: { chat: true },
      studio: { endpoints: ['v1/images/generations'], endpoint_capabilities: {} },
      hardware,
    },
    a_field_of_tomorrow: { x: 1 },
  },
};

/** Today's client speaks first, and takes the first frame it hears for the answer. */
export const todaysOpening: readonly Step[] = [
  { sends: todaysRegister },
  { hears: accepted },
  { hears: answered('reg-1') },
  asksModels,
  models,
];

/** The oldest clients wait to be spoken to, say little, and are asked one thing after the other. */
export const oldestOpening: readonly Step[] = [
  { hears: accepted },
  { sends: { v: 1, op: 'register', request_id: 'reg-0' } },
  { hears: answered('reg-0') },
  asksModels,
  models,
  asksCapabilities,
  {
    sends: {
      request_id: '$capabilities',
      status: 'error',
      error: 'no such thing',
      code: 'unsupported_operation',
    },
  },
];

type Parts = Readonly<{
  provider_id: string;
  client_id: string;
  username: string;
  registration_token: string;
}>;

function partsOf({ providerName, clientId, username, registrationToken }: Identity): Parts {
  return {
    provider_id: providerName,
    client_id: clientId,
    username,
    registration_token: registrationToken,
  };
}

const queryOf = (parts: Partial<Parts>) => `?${new URLSearchParams(parts)}`;
function headersOf(parts: Partial<Parts>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parts).map(([name, value]) => [`x-coderai-${name.replaceAll('_', '-')}`, value]),
  );
}
const pathOf = ({ username }: Identity) => `/api/u/${username}/coderai/wss`;

/** The deployed client says all of it in every place. */
export function everywhere(identity: Identity): Handshake {
  const parts = partsOf(identity);
  return {
    path: `${pathOf(identity)}${queryOf(parts)}`,
    headers: {
      ...headersOf(parts),
      authorization: `Bearer ${identity.registrationToken}`,
      'x-coderai-advertised-endpoint': 'http://127.0.0.1:8000',
    },
  };
}

const handshakes: Readonly<Record<string, (identity: Identity) => Handshake>> = {
  'the query': (identity) => ({
    path: `${pathOf(identity)}${queryOf(partsOf(identity))}`,
    headers: {},
  }),
  'the headers': (identity) => ({
    path: pathOf(identity),
    headers: headersOf(partsOf(identity)),
  }),
  'a bearer token': (identity) => {
    const { registration_token: token, ...parts } = partsOf(identity);
    return {
      path: pathOf(identity),
      headers: { ...headersOf(parts), authorization: `Bearer ${token}` },
    };
  },
  'the query, whatever the headers say': (identity) => {
    const wrong = { provider_id: 'x', client_id: 'x', username: 'x', registration_token: 'x' };
    const { path } = everywhere(identity);
    return { path, headers: { ...headersOf(wrong), authorization: 'Bearer x' } };
  },
  'a header, whatever the bearer token is': (identity) => ({
    path: pathOf(identity),
    headers: { ...headersOf(partsOf(identity)), authorization: 'Bearer x' },
  }),
  'a percent-encoded path': (identity) => ({
    ...everywhere(identity),
    path: `/api/u/%6fpen%2Eshop/coderai/wss${queryOf(partsOf(identity))}`,
  }),
  'a path below the base path': (identity) => ({
    ...everywhere(identity),
    path: `/base/path${everywhere(identity).path}`,
  }),
  'a path with a slash at its end': (identity) => ({
    ...everywhere(identity),
    path: `${pathOf(identity)}/${queryOf(partsOf(identity))}`,
  }),
};

const script = (name: string, steps: readonly Step[], more: Partial<Script> = {}): Script => ({
  name,
  provider: openProvider,
  handshake: everywhere,
  steps,
  ...more,
});
const newCapabilities = { ...todaysRegister, request_id: 'reg-2' };

/** How sessions open, introduce themselves again, and keep alive. */
export const openingScripts: readonly Script[] = [
  script("today's client opens, and is asked for its models", [...todaysOpening, { leaves: 1000 }]),
  script('the oldest client opens, and is asked one thing after the other', oldestOpening),
  script('a client that does not wait for the handshake is heard', todaysOpening.slice(1), {
    early: [todaysRegister],
  }),
  ...Object.entries(handshakes).map(([place, handshake]) =>
    script(`the identity is read from ${place}`, todaysOpening, { handshake }),
  ),
  script("the operator's own workers have a path without a name", [{ hears: accepted }], {
    provider: globalProvider,
    handshake: (identity) => ({
      path: `/api/coderai/wss${queryOf(partsOf(identity))}`,
      headers: {},
    }),
  }),
  script('each register is answered, and asks for the models anew', [
    ...todaysOpening,
    { sends: newCapabilities },
    { hears: answered('reg-2') },
    asksModels,
    models,
    { sends: { v: 1, op: 'register', request_id: 'reg-3', payload: {} } },
    { hears: answered('reg-3') },
    asksModels,
    asksCapabilities,
    capabilities,
    models,
  ]),
  script('a register with another token inside is refused, and the session waits for a right one', [
    { hears: accepted },
    { sends: { v: 1, op: 'register', request_id: 'r', payload: { registration_token: 'x' } } },
    {
      hears: {
        v: 1,
        event: 'registered',
        request_id: 'r',
        status: 'error',
        accepted: false,
        error: { code: 'registration_rejected', message: 'registration rejected' },
      },
    },
    { asks: 'too early' },
    { gets: 'too early', answer: { status: 503, fault: 'SESSION_NOT_READY' } },
    { sends: todaysRegister },
    { hears: answered('reg-1') },
    asksModels,
  ]),
  script('heartbeats are answered in both directions', [
    ...todaysOpening,
    {
      sends: {
        v: 1,
        op: 'heartbeat',
        request_id: 'hb-1',
        payload: { uptime: 5, hardware: { available_vram_mb: 1 } },
      },
    },
    { hears: heartbeatAnswer('hb-1') },
    { hearsHeartbeat: true, as: 'beat' },
    { sends: { v: 1, event: 'heartbeat', status: 'ok', request_id: '$beat', payload: {} } },
  ]),
];
