import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ProbeStage, startProbeStage } from './probe-stage.js';
import { startProbedUpstream } from './probed-upstream.js';

// Reports are read as they come; a wrong shape fails the test.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Report = any;

const latest = (health: unknown, kind: string) =>
  (health as Report).probes.find((probe: Report) => probe.kind === kind);
const upstreamOf = (health: unknown) => (health as Report).models[0].upstreams[0];

let stage: ProbeStage;

beforeAll(async () => {
  stage = await startProbeStage();
}, 60_000);

afterAll(() => stage.stop(), 60_000);

describe('a round', () => {
  it('asks a provider once, whatever the number of replicas, and all of them know the answer', async () => {
    const upstream = await startProbedUpstream(['m', 'more']);
    const provider = await stage.host('once', upstream);
    await stage.untilBoth(provider, (health) => latest(health, 'models')?.outcome === 'well');
    const [one, other] = await Promise.all(
      stage.routers.map((router) => stage.health(provider, router)),
    );
    expect(one?.body).toEqual(other?.body);
    expect(one?.body).toMatchObject({
      probing: { models: 'on', completion: 'doubtful' },
      credential: 'accepted',
      budget: { probes: { used: 1, max: 15_000 }, ownerTokens: { used: 0 } },
      probes: [{ kind: 'models', clientId: null, model: null, reason: null, failures: 0 }],
      models: [{ model: 'm', readiness: 'listed', upstreams: [{ state: 'well' }] }],
    });
    expect(upstream.calls).toMatchObject([
      {
        method: 'GET',
        path: '/v1/models',
        headers: { authorization: 'Bearer the-credential-of-once' },
      },
    ]);
    expect(stage.factsOf(provider)).toHaveLength(1);
    const counts = stage.routers.map((router) => stage.counted(router, 'models', 'answered'));
    expect((await Promise.all(counts)).some((count) => count > 0)).toBe(true);
    expect(stage.harness.accounts.state.authorised).toEqual([]);
  });

  it('tells the owner of refused credentials, and counts them as a failure of each model', async () => {
    const upstream = await startProbedUpstream();
    upstream.manner.list = 401;
    const provider = await stage.host('refused', upstream);
    await stage.untilBoth(provider, (health) => (health as Report).credential === 'refused');
    await stage.untilBoth(provider, (health) => upstreamOf(health).state !== 'well');
    const { body } = await stage.health(provider);
    expect(latest(body, 'models')).toMatchObject({
      outcome: 'failed',
      reason: 'rejected_credentials',
    });
    expect(upstreamOf(body)).toMatchObject({ reason: 'rejected_credentials' });
    upstream.manner.list = 'well';
    await stage.untilBoth(provider, (health) => (health as Report).credential === 'accepted');
    await stage.untilBoth(provider, (health) => upstreamOf(health).state === 'well');
    expect(upstream.completions()).toEqual([]);
  });

  it.each([404, 400, 429])(
    'holds a list that is answered with %i against nobody',
    async (status) => {
      const upstream = await startProbedUpstream();
      upstream.manner.list = status;
      const provider = await stage.host(`listless-${status}`, upstream);
      await stage.untilBoth(provider, (health) => latest(health, 'models')?.outcome === 'unclear');
      const { body } = await stage.health(provider);
      expect(body).toMatchObject({ credential: 'unknown', models: [{ readiness: 'unknown' }] });
      expect(upstreamOf(body)).toMatchObject({ state: 'well', failures: 0 });
    },
  );

  it('asks for a list that has failed again, and not for words of each model', async () => {
    const upstream = await startProbedUpstream();
    upstream.manner.list = 500;
    const models = Array.from({ length: 20 }, (_, at) => ({ name: `m${at}` }));
    const provider = await stage.host('broken', upstream, { models: [{ name: 'm' }, ...models] });
    await stage.untilBoth(provider, (health) => latest(health, 'models')?.failures >= 3);
    const { body } = await stage.health(provider);
    expect(upstreamOf(body)).toMatchObject({ reason: 'list_server_error' });
    upstream.manner.list = 'well';
    await stage.untilBoth(provider, (health) => upstreamOf(health).state === 'well');
    expect(upstream.completions()).toEqual([]);
  });

  it('says which of its models a provider does not list', async () => {
    const provider = await stage.host('lacking', await startProbedUpstream(['other']));
    await stage.untilBoth(provider, (health) => latest(health, 'models') !== undefined);
    expect((await stage.health(provider)).body.models).toMatchObject([{ readiness: 'missing' }]);
  });
});

describe('a provider that was down', () => {
  it('is back by a probe, and no request of a buyer has tried it out', async () => {
    const upstream = await startProbedUpstream();
    upstream.manner.completion = 500;
    const [down, well] = [
      await stage.host('down', upstream),
      await stage.host('up', await startProbedUpstream()),
    ];
    const members = [
      { providerId: down.id, model: 'm', weight: 1_000_000 },
      { providerId: well.id, model: 'm', weight: 1 },
    ];
    await stage.call(stage.seller, 'PUT', '/api/catalog/rotations/pair', { members });
    const route = 'seller/rotation/pair';
    const first = async () =>
      (await Promise.all(stage.routers.map((router) => stage.plan(route, router)))).map(
        ([id]) => id,
      );
    await until(async () => (await first()).every((id) => id === down.id));
    stage.attempt(down);
    await until(async () => (await first()).every((id) => id === well.id));
    // While probes find it down, no plan of any replica has it first, cooled down or not.
    await until(async () => {
      expect(await first()).toEqual([well.id, well.id]);
      return upstream.completions().length >= 4;
    });
    expect(upstreamOf((await stage.health(down)).body)).toMatchObject({ reason: 'server_error' });
    upstream.manner.completion = 'well';
    await until(async () => (await first()).every((id) => id === down.id));
    const asked = upstream.completions();
    expect(asked.every(({ body }) => body.max_tokens === 1 && body.stream === true)).toBe(true);
    // One probe for both replicas each time.
    expect(stage.factsOf(down).filter(({ kind }) => kind === 'completion')).toHaveLength(
      asked.length,
    );
    const { body } = await stage.health(down);
    expect(latest(body, 'completion')).toMatchObject({ outcome: 'well', model: 'm', failures: 0 });
    expect(body.models[0].windows[0].firstMs).toMatchObject({ requests: 1, probes: 1 });
    expect(body.budget.ownerTokens.used).toBeGreaterThan(0);
  }, 30_000);

  it('is looked for at its door where nobody answered there, and costs no tokens', async () => {
    const upstream = await startProbedUpstream();
    const provider = await stage.host('gone', upstream);
    await stage.untilBoth(provider, (health) => latest(health, 'models')?.outcome === 'well');
    await upstream.die();
    stage.attempt(provider, { reason: 'unreachable' });
    await stage.untilBoth(provider, (health) => latest(health, 'models').failures >= 2);
    await upstream.comeBack();
    await stage.untilBoth(provider, (health) => upstreamOf(health).state === 'well');
    expect(upstream.completions()).toEqual([]);
  }, 30_000);

  it('is back by its list for what failed at its door, and for nothing else', async () => {
    const upstream = await startProbedUpstream(['m', 'n']);
    const provider = await stage.host('half', upstream, {
      models: [{ name: 'm' }, { name: 'n' }],
      policy: { probes: { completion: 'off' } },
    });
    await stage.untilBoth(provider, (health) => latest(health, 'models')?.outcome === 'well');
    const states = (health: unknown) =>
      (health as Report).models.map(({ upstreams }: Report) => upstreams[0].state);
    stage.attempt(provider, { model: 'm' });
    stage.attempt(provider, { model: 'n', reason: 'unreachable' });
    await stage.untilBoth(provider, (health) => !states(health).includes('well'));
    await until(() => upstream.lists().length === 2);
    await stage.untilBoth(provider, (health) => states(health)[1] === 'well');
    await stage.untilBoth(provider, (health) => states(health)[0] === 'on_trial');
    expect(upstream.completions()).toEqual([]);
  });
});

describe('a provider whose embeddings fail', () => {
  it('is asked for chat as before, on all replicas, and no probe looks at what it cannot tell', async () => {
    const upstream = await startProbedUpstream();
    const provider = await stage.host('halfway', upstream);
    await stage.untilBoth(provider, (health) => latest(health, 'models')?.outcome === 'well');
    stage.attempt(provider, { endpoint: 'embeddings', reason: 'model_missing' });
    const embeddings = { endpoint: 'embeddings', state: 'on_trial', reason: 'model_missing' };
    for (const router of stage.routers) {
      const told = async () => (await stage.health(provider, router)).body.models[0].upstreams;
      await until(async () => (await told())[1]?.state === 'on_trial');
      expect(await told()).toMatchObject([
        { endpoint: 'chat.completions', state: 'well', recent: null },
        { ...embeddings, recent: { attempts: 1, served: 0 } },
      ]);
    }
    // Whoever is not reached by one is not by any, and that a probe can tell.
    stage.attempt(provider, { endpoint: 'embeddings', reason: 'unreachable' });
    await stage.untilBoth(provider, (health) => upstreamOf(health).state !== 'well');
    await stage.untilBoth(provider, (health) => upstreamOf(health).state === 'well');
    await stage.untilBoth(provider, (health) => {
      return (health as Report).models[0].upstreams[1].state === 'on_trial';
    });
    expect(upstream.completions()).toEqual([]);
  }, 30_000);
});

describe("an owner's policy", () => {
  it('has nothing probed where it says off, and again where it says on', async () => {
    const [quiet, loud] = [await startProbedUpstream(), await startProbedUpstream()];
    const off = { policy: { probes: { models: 'off', completion: 'off' } } };
    const provider = await stage.host('quiet', quiet, off);
    const other = await stage.host('loud', loud);
    stage.attempt(provider);
    stage.attempt(other);
    await until(() => loud.completions().length > 0 && loud.lists().length > 0);
    await stage.untilBoth(provider, (health) => upstreamOf(health).state === 'on_trial');
    expect(quiet.calls).toEqual([]);
    const path = `/api/catalog/providers/${provider.id}`;
    await stage.call(stage.seller, 'PATCH', path, { policy: { probes: { completion: 'on' } } });
    await until(() => quiet.lists().length === 1 && quiet.completions().length === 1);
    expect((await stage.health(provider)).body.probing).toEqual({ models: 'on', completion: 'on' });
  });

  it('asks nothing of a model that does not chat, and of no provider that was taken off', async () => {
    const [images, disabled] = [await startProbedUpstream(), await startProbedUpstream()];
    const policy = { probes: { completion: 'on' }, endpoints: ['images.generations'] };
    await stage.host('pictures', images, { policy });
    await until(() => images.lists().length === 1);
    const provider = await stage.host('disabled', disabled, {
      policy: { probes: { models: 'off' } },
    });
    const path = `/api/catalog/providers/${provider.id}`;
    await stage.call(stage.seller, 'PATCH', path, { isEnabled: false });
    const marker = await startProbedUpstream();
    await stage.host('marker', marker, { policy: { probes: { completion: 'on' } } });
    await until(() => marker.completions().length === 1);
    expect(images.completions()).toEqual([]);
    expect(disabled.calls).toEqual([]);
  });

  it.each([{ models: 'doubtful' }, { completion: 'sometimes' }, { everything: 'on' }])(
    'is not taken as %j',
    async (probes) => {
      const upstream = await startProbedUpstream();
      await expect(stage.host('never', upstream, { policy: { probes } })).rejects.toThrow(
        'request_invalid',
      );
    },
  );
});

describe('what is told of health', () => {
  it("is nobody's business but the owner's and operators'", async () => {
    const provider = await stage.host('private', await startProbedUpstream());
    const stranger = stage.harness.accounts.token('stranger');
    expect(await stage.health(provider, stage.routers[0], stranger)).toMatchObject({
      status: 404,
      body: { error: { code: 'provider_not_found' } },
    });
    expect(await stage.health(provider, stage.routers[0], stage.operator)).toMatchObject({
      status: 200,
    });
    expect(await stage.health({ id: 'nonsense', name: '' })).toMatchObject({ status: 400 });
  });
});
