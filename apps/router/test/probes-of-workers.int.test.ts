import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { presentSession } from './admit-request.js';
import { type FakeBroker, startFakeBroker } from './fake-broker.js';
import { type ProbeStage, startProbeStage } from './probe-stage.js';
import { type ProbedUpstream, startProbedUpstream } from './probed-upstream.js';
import { internalSecret } from './running-router.js';

// Reports are read as they come; a wrong shape fails the test.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Report = any;
type Made = Readonly<{ id: string; name: string; ownerId: string; username: string }>;

let stage: ProbeStage;
/** Answers as a broker would for its workers. */
let door: ProbedUpstream;
let broker: FakeBroker;
let made = 0;
let provider: Made;

const probeOf = (health: Report, kind: string) =>
  health.probes.find((probe: Report) => probe.kind === kind);
const upstreamOf = (health: Report) => health.models[0]?.upstreams[0];

beforeAll(async () => {
  stage = await startProbeStage({
    ROUTER_PROBE_MODELS_INTERVAL_MS: '200',
    ROUTER_PROBE_WARM_UP_MS_MAX: '400',
  });
  door = await startProbedUpstream();
  broker = startFakeBroker(stage.harness.bus, 'broker-probed', door.origin);
}, 60_000);

afterAll(async () => {
  broker.stop();
  await stage.stop();
}, 60_000);

beforeEach(async () => {
  Object.assign(door.manner, { list: 'well', completion: 'well', headers: {} });
  made += 1;
  const request = { kind: 'coderai', name: `rig-${made}` };
  provider = (await stage.call(stage.seller, 'POST', '/api/catalog/providers', request)).body
    .provider;
});

function up(changes: Parameters<typeof presentSession>[2] = {}): string {
  const session = presentSession(provider, ['m'], { clientId: 'box', epoch: 7, ...changes });
  broker.up(session);
  return session.sessionId;
}
const callsOf = (sessionId: string) => door.calls.filter(({ path }) => path.includes(sessionId));

describe('a worker', () => {
  it('is asked through its broker, as nobody', async () => {
    const sessionId = up();
    await stage.untilBoth(provider, (health) => probeOf(health, 'models')?.outcome === 'well');
    const [first] = callsOf(sessionId);
    expect(first).toMatchObject({
      method: 'GET',
      path: `/internal/v1/sessions/${sessionId}/v1/models`,
      headers: {
        'x-aisbf-internal-secret': internalSecret,
        'x-aisbf-session-epoch': '7',
        'x-aisbf-last-candidate': '1',
        'x-aisbf-probe': '1',
      },
    });
    expect(first?.headers).not.toHaveProperty('authorization');
    expect(first?.headers).not.toHaveProperty('x-aisbf-buyer');
    const { body } = await stage.health(provider);
    expect(body).toMatchObject({ credential: 'unknown', models: [{ readiness: 'listed' }] });
    expect(probeOf(body, 'models')).toMatchObject({ clientId: 'box' });
  });

  it('that warms up is waited for and never punished', async () => {
    door.manner.list = 'hang';
    up();
    await stage.untilBoth(provider, (health) => probeOf(health, 'models')?.reason === 'warming_up');
    const { body } = await stage.health(provider);
    expect(probeOf(body, 'models')).toMatchObject({ outcome: 'unclear', failures: 0 });
    expect(upstreamOf(body)).toMatchObject({ state: 'well', failures: 0 });
  });

  it('that is silent, by the word of its broker, has failed', async () => {
    door.manner.list = 504;
    door.manner.headers = { 'x-aisbf-fault': 'WORKER_SILENT' };
    up();
    await stage.untilBoth(provider, (health) => (upstreamOf(health)?.failures ?? 0) > 0);
    expect(upstreamOf((await stage.health(provider)).body)).toMatchObject({
      reason: 'list_worker_silent',
      clientId: 'box',
    });
  });

  it.each(['SESSION_GONE', 'WORKER_BUSY', 'WORKER_ENDPOINT_UNSUPPORTED'])(
    'is not blamed for %s',
    async (fault) => {
      door.manner.list = 503;
      door.manner.headers = { 'x-aisbf-fault': fault };
      up();
      await stage.untilBoth(provider, (health) => probeOf(health, 'models') !== undefined);
      const { body } = await stage.health(provider);
      expect(probeOf(body, 'models').outcome).toBe('unclear');
      expect(upstreamOf(body)).toMatchObject({ state: 'well', failures: 0 });
    },
  );

  it('that has as much to do as it takes is let alone', async () => {
    const busy = up({ clientId: 'busy', inFlight: 4, inFlightMax: 4 });
    const free = up({ clientId: 'free' });
    await until(() => callsOf(free).length > 2);
    expect(callsOf(busy)).toEqual([]);
  });

  it('that has failed is tried out for a token, when it has cooled down', async () => {
    const sessionId = up();
    await stage.untilBoth(provider, (health) => upstreamOf(health) !== undefined);
    stage.attempt(provider, { sessionId });
    await stage.untilBoth(provider, (health) => probeOf(health, 'completion')?.outcome === 'well');
    await stage.untilBoth(provider, (health) => upstreamOf(health).state === 'well');
    expect(callsOf(sessionId).find(({ method }) => method === 'POST')).toMatchObject({
      path: `/internal/v1/sessions/${sessionId}/v1/chat/completions`,
      body: { model: 'm', max_tokens: 1, stream: true },
    });
  });

  it('that makes embeddings is not asked for words', async () => {
    const sessionId = up({
      models: [{ name: 'm', contextTokensMax: null, outputs: ['embedding'] }],
    });
    await stage.untilBoth(provider, (health) => upstreamOf(health) !== undefined);
    stage.attempt(provider, { sessionId });
    await stage.untilBoth(provider, (health) => upstreamOf(health).state === 'on_trial');
    expect(callsOf(sessionId).filter(({ method }) => method === 'POST')).toEqual([]);
  });
});
