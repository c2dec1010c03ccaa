import { type AttemptEnded, internalPaths, ProbeEnded, subjects } from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { admitRequest } from './admit-request.js';
import type { ProbedUpstream } from './probed-upstream.js';
import { type Harness, type RunningRouter, startHarness } from './running-router.js';

/** Rounds that come once, cooldowns of a tenth of a second, and a quick eye on the catalogue. */
const settingsDefault = {
  // Its upstreams are here, where a seller's have no business elsewhere.
  AISBF_EGRESS_ALLOWED: '127.0.0.0/8',
  AISBF_EGRESS_PLAIN_HTTP: 'true',
  ROUTER_PROBES: 'true',
  ROUTER_PROBE_SYNC_MS: '100',
  ROUTER_PROBE_MODELS_INTERVAL_MS: '3600000',
  ROUTER_PROBE_REST_MS_MAX: '3600000',
  ROUTER_PROBE_STALL_MS: '1000',
  ROUTER_COOLDOWN_MS_BASE: '100',
  ROUTER_COOLDOWN_MS_MAX: '400',
  ROUTER_TRIAL_MS_MAX: '60000',
};

export type ProbeStage = Awaited<ReturnType<typeof startProbeStage>>;
type Hosted = Readonly<{ id: string; name: string }>;

/** Two replicas that probe, and an operator who makes providers for a seller. */
export async function startProbeStage(settings: Readonly<Record<string, string>> = {}) {
  const harness: Harness = await startHarness();
  const merged = { ...settingsDefault, ...settings };
  const routers: [RunningRouter, RunningRouter] = [
    await harness.router(merged),
    await harness.router(merged),
  ];
  const operator = harness.accounts.token('global');
  const seller = harness.accounts.token('seller');
  const facts: ProbeEnded[] = [];
  harness.bus.subscribe(subjects.probeEnded, ProbeEnded, (fact) => facts.push(fact));
  await harness.bus.flush();

  const call = (person: typeof operator, method: string, path: string, body?: unknown) =>
    routers[0].call(person.apiToken, method, path, body);

  return {
    harness,
    routers,
    settings: merged,
    operator,
    seller,
    call,
    factsOf: ({ id }: Hosted) => facts.filter(({ providerId }) => providerId === id),
    /** A hosted provider of the seller's, on sale. */
    host: async (name: string, upstream: ProbedUpstream, more: object = {}): Promise<Hosted> => {
      const created = await call(operator, 'POST', '/api/catalog/providers', {
        ...{ kind: 'openai', name, username: 'seller', baseUrl: upstream.url },
        ...{ credential: `the-credential-of-${name}`, models: [{ name: 'm' }], ...more },
      });
      if (created.status !== 201) throw new Error(JSON.stringify(created.body));
      const { id } = created.body.provider;
      const listing = { providerId: id, model: 'm', prices: { completion_token: '1' } };
      await call(seller, 'PUT', '/api/catalog/listings', listing);
      return { id, name };
    },
    health: async ({ id }: Hosted, router = routers[0], person = seller) =>
      router.call(person.apiToken, 'GET', `/api/catalog/providers/${id}/health`),
    /** Both replicas have heard of it. */
    untilBoth: async (provider: Hosted, isSo: (health: unknown) => boolean) => {
      for (const router of routers) {
        await until(async () => {
          const { body } = await router.call(
            seller.apiToken,
            'GET',
            `/api/catalog/providers/${provider.id}/health`,
          );
          if (!isSo(body)) throw new Error(JSON.stringify(body));
          return true;
        });
      }
    },
    ...buyersOf(harness, routers),
    counted,
    stop: () => harness.stop(),
  };
}

/** What buyers' requests meet. */
function buyersOf(harness: Harness, routers: readonly [RunningRouter, RunningRouter]) {
  return {
    /** Whom a request would be sent to, by this replica. */
    plan: async (route: string, router = routers[0]): Promise<string[]> => {
      const { apiToken } = harness.accounts.token('buyer');
      const request = admitRequest(apiToken, route);
      const { body } = await router.internal(internalPaths.routerAdmit, request);
      return (body.candidates ?? []).map((one: { providerId: string }) => one.providerId);
    },
    /** A gateway tells how one has ended. */
    attempt: ({ id }: Readonly<{ id: string }>, changes: Partial<AttemptEnded> = {}) => {
      const ended: AttemptEnded = {
        ...{ type: 'attempt-ended', providerId: id, model: 'm', sessionId: null },
        ...{ isSuccess: false, reason: 'server_error', retryAfterMs: null, firstByteMs: null },
        atMs: Date.now(),
        ...changes,
      };
      harness.bus.publish(subjects.attemptEnded, ended);
    },
  };
}

/** How often a replica has counted this. */
async function counted(router: RunningRouter, kind: string, result: string): Promise<number> {
  const { body } = await router.get('/metrics');
  const lines = String(body).split('\n');
  const line = lines.find((each) => {
    const isIt = each.startsWith('aisbf_router_probes_total{');
    return isIt && each.includes(`kind="${kind}"`) && each.includes(`result="${result}"`);
  });
  return Number(line?.split(' ').at(-1) ?? 0);
}
