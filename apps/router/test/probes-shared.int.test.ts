import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { redisUrl, until } from '@aisbf/testkit';
import { afterEach, describe, expect, it } from '@jest/globals';
import { RedisProbeBudget } from '../src/outbound/redis-probe-budget.js';
import { openRedis } from '../src/outbound/redis-rate-limits.js';
import { type ProbeStage, startProbeStage } from './probe-stage.js';
import { startProbedUpstream } from './probed-upstream.js';

const main = new URL('../dist/main.js', import.meta.url).pathname;
const quick = { ROUTER_PROBE_MODELS_INTERVAL_MS: '100' };
let stage: ProbeStage | undefined;
let child: ChildProcess | undefined;

afterEach(async () => {
  if (child?.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await stage?.stop();
  [stage, child] = [undefined, undefined];
}, 60_000);

describe('the budget of a day', () => {
  it('is what two replicas spend together, and no probe more', async () => {
    stage = await startProbeStage({ ...quick, ROUTER_PROBE_PROVIDER_DAY_MAX: '5' });
    const { routers } = stage;
    const upstream = await startProbedUpstream();
    const provider = await stage.host('bounded', upstream);
    await until(async () => {
      const counts = routers.map((router) =>
        stage?.counted(router, 'models', 'skipped_over_budget'),
      );
      return (await Promise.all(counts)).reduce<number>((sum, count) => sum + (count ?? 0), 0) >= 5;
    });
    expect(upstream.calls).toHaveLength(5);
    const { body } = await stage.health(provider);
    expect(body.budget.probes).toEqual({ used: 5, max: 5 });
  }, 60_000);

  it('is exact in each of its three limits, however many race', async () => {
    const url = await redisUrl();
    const limits = { providerDayMax: 7, ownerDayMax: 10, ownerTokensDayMax: 40 };
    const clients = [openRedis({ url, timeoutMs: 5_000 }), openRedis({ url, timeoutMs: 5_000 })];
    const budgets = clients.map((client) => new RedisProbeBudget(client, limits));
    for (const client of clients) await until(() => client.status === 'ready');
    const taken = async (ownerId: string, providerId: string, tokens: number) => {
      const takes = Array.from({ length: 60 }, (_, at) =>
        budgets[at % 2]?.take({ ownerId, providerId, tokens }),
      );
      return (await Promise.all(takes)).filter(Boolean).length;
    };
    expect(await taken('ann', 'a', 0)).toBe(7);
    expect(await taken('ann', 'b', 0)).toBe(3);
    expect(await taken('bob', 'c', 9)).toBe(4);
    expect(await budgets[0]?.spentOf({ ownerId: 'bob', providerId: 'c' })).toEqual({
      probes: { used: 4, max: 7 },
      ownerProbes: { used: 4, max: 10 },
      ownerTokens: { used: 36, max: 40 },
    });
    for (const client of clients) client.disconnect();
  });
});

describe('a replica that is killed', () => {
  it('in the midst of a probe leaves it to another one, which goes on as if nothing had been', async () => {
    stage = await startProbeStage({ ...quick, ROUTER_PROBES: 'false' });
    const { harness, settings } = stage;
    const upstream = await startProbedUpstream();
    upstream.manner.list = 'hang';
    const provider = await stage.host('orphan', upstream);
    const env = { ...harness.environment, ...settings, ROUTER_PROBES: 'true' };
    child = spawn(process.execPath, [main], { env, stdio: 'ignore' });
    await until(() => upstream.calls.length === 1, { timeoutMs: 45_000 });
    child.kill('SIGKILL');
    await once(child, 'exit');
    upstream.manner.list = 'well';
    const survivor = await harness.router({ ...settings, ROUTER_PROBES: 'true' });
    // The very probe that was under way, and after it those of further rounds.
    await until(() => stage?.factsOf(provider).length === 3);
    expect((await stage.health(provider, survivor)).body).toMatchObject({ credential: 'accepted' });
  }, 90_000);

  it('is not missed where another one shares the work', async () => {
    stage = await startProbeStage(quick);
    const { harness, settings } = stage;
    const upstream = await startProbedUpstream();
    const provider = await stage.host('steady', upstream);
    child = spawn(process.execPath, [main], {
      env: { ...harness.environment, ...settings, ROUTER_LOG_LEVEL: 'info' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let output = '';
    child.stdout?.on('data', (part) => {
      output += String(part);
    });
    const url = await until(() => /"url":"([^"]+)"/.exec(output)?.[1], { timeoutMs: 45_000 });
    await until(async () => {
      const metrics = await (await fetch(new URL('/metrics', url))).text();
      return /aisbf_router_probes_total\{.*kind="models"/.test(metrics);
    });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const before = stage.factsOf(provider).length;
    await until(() => (stage?.factsOf(provider).length ?? 0) > before + 5);
  }, 90_000);
});

describe('rounds', () => {
  it('come and go with the catalogue, and are set anew where Redis has lost them', async () => {
    stage = await startProbeStage(quick);
    const [upstream, other] = [await startProbedUpstream(), await startProbedUpstream()];
    const provider = await stage.host('passing', upstream);
    await stage.host('staying', other);
    await until(() => upstream.calls.length > 2);
    await stage.call(stage.seller, 'DELETE', `/api/catalog/providers/${provider.id}`);
    const redis = openRedis({ url: stage.harness.environment.ROUTER_REDIS_URL, timeoutMs: 5_000 });
    await until(() => redis.status === 'ready');
    const rounds = () => redis.zcard('bull:aisbf-probes:repeat');
    await until(async () => (await rounds()) === 1);
    await redis.flushdb();
    const before = other.calls.length;
    await until(() => other.calls.length > before + 2);
    expect(await rounds()).toBe(1);
    redis.disconnect();
  }, 60_000);
});
