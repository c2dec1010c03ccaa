import { type AttemptEnded, internalPaths, type Plan, subjects } from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { admitRequest, presentSession } from './admit-request.js';
import { type FakeBroker, startFakeBroker } from './fake-broker.js';
import { type Harness, type RunningRouter, startHarness } from './running-router.js';

type Person = ReturnType<Harness['accounts']['token']>;
type Made = Readonly<{ id: string; ownerId: string; username: string }>;

/** Real time, and as much more as the test has put on it: brokers' beats go on. */
class PushedClock extends Clock {
  pushedMs = 0;

  nowMs(): number {
    return Date.now() + this.pushedMs;
  }
}

const model = 'llama3:8b';
const clock = new PushedClock();
let harness: Harness;
let routers: RunningRouter[];
let broker: FakeBroker;
let [seller, buyer]: Person[] = [];
let [good, bad]: Made[] = [];

/** Three replicas, and a rotation in which `bad` comes nearly always first. */
beforeAll(async () => {
  harness = await startHarness();
  const settings = { ROUTER_TRIAL_MS_MAX: '60000', ROUTER_BROKER_SILENCE_MS_MAX: '86400000' };
  routers = [];
  for (let count = 0; count < 3; count += 1) routers.push(await harness.router(settings, clock));
  broker = startFakeBroker(harness.bus);
  seller = harness.accounts.token('seller');
  buyer = harness.accounts.token('buyer');
  [good, bad] = [await onSale('good'), await onSale('bad')];
  for (const one of [good, bad]) broker.up(presentSession(one, [model], { sessionId: one.id }));
  const members = [
    { providerId: good.id, model, weight: 1 },
    { providerId: bad.id, model, weight: 1_000_000 },
  ];
  await manage('PUT', '/api/catalog/rotations/mix', { members });
  for (const router of routers) await until(async () => (await order(router)).length === 2);
});

afterAll(async () => {
  broker.stop();
  await harness.stop();
});

beforeEach(async () => {
  tell({ isSuccess: true });
  for (const router of routers) await until(async () => (await order(router))[0] === bad?.id);
});

const manage = async (method: string, path: string, body: unknown) =>
  routers[0]?.call(seller?.apiToken ?? '', method, path, body);

async function onSale(name: string): Promise<Made> {
  const created = await manage('POST', '/api/catalog/providers', { kind: 'coderai', name });
  const { provider } = created?.body ?? {};
  await manage('PUT', '/api/catalog/listings', { providerId: provider.id, model, prices: {} });
  return provider;
}

async function admitted(router: RunningRouter): Promise<Plan> {
  const request = admitRequest(buyer?.apiToken ?? '', 'seller/rotation/mix');
  return (await router.internal(internalPaths.routerAdmit, request)).body;
}

async function order(router: RunningRouter): Promise<string[]> {
  return ((await admitted(router)).candidates ?? []).map(({ providerId }) => providerId);
}

/** An attempt at `bad` has ended. */
function tell(changes: Partial<AttemptEnded>): void {
  harness.bus.publish(subjects.attemptEnded, ended(changes));
}

function ended(changes: Partial<AttemptEnded>): AttemptEnded {
  return {
    type: 'attempt-ended',
    providerId: bad?.id ?? '',
    model,
    sessionId: bad?.id ?? '',
    isSuccess: false,
    reason: 'server_error',
    retryAfterMs: null,
    firstByteMs: null,
    atMs: clock.nowMs(),
    ...changes,
  };
}

const allSay = async (first: Made | undefined) => {
  for (const router of routers) await until(async () => (await order(router))[0] === first?.id);
};

describe('three replicas', () => {
  it('agree on who cools, and on until when', async () => {
    tell({ retryAfterMs: 30_000 });
    await allSay(good);
    clock.pushedMs += 29_000;
    for (const router of routers) expect((await order(router))[0]).toBe(good?.id);
    tell({ isSuccess: true });
    await allSay(bad);
  });

  it('each let one request try it out, and the others wait for what becomes of it', async () => {
    tell({});
    await allSay(good);
    clock.pushedMs += 2_100;
    for (const router of routers) {
      const plans = await Promise.all(Array.from({ length: 20 }, () => order(router)));
      expect(plans.filter(([first]) => first === bad?.id).length).toBe(1);
      // Nobody is left out: it is asked last.
      expect(plans.every(({ length }) => length === 2)).toBe(true);
    }
    tell({ isSuccess: true });
    await allSay(bad);
  });

  it('let another try when the first takes too long', async () => {
    tell({});
    await allSay(good);
    clock.pushedMs += 2_100;
    const [router] = routers;
    if (!router) throw new Error('no router');
    expect((await order(router))[0]).toBe(bad?.id);
    expect((await order(router))[0]).toBe(good?.id);
    clock.pushedMs += 60_000;
    expect((await order(router))[0]).toBe(bad?.id);
  });

  it('take no trial for a request that is refused for its money', async () => {
    tell({});
    await allSay(good);
    clock.pushedMs += 2_100;
    const [router] = routers;
    if (!router) throw new Error('no router');
    harness.accounts.refuse('exhausted', 'BALANCE_TOO_LOW');
    for (let count = 0; count < 3; count += 1) {
      expect(await admitted(router)).toMatchObject({ fault: { code: 'BALANCE_TOO_LOW' } });
    }
    harness.accounts.state.refusal = undefined;
    expect((await order(router))[0]).toBe(bad?.id);
  });

  it('hear of several at once in the order in which they ended', async () => {
    const tellAll = (...ends: AttemptEnded[]) =>
      harness.bus.publish(subjects.attemptsEnded, { type: 'attempts-ended', ends });
    tellAll(ended({ isSuccess: true }), ended({}));
    await allSay(good);
    tellAll(ended({}), ended({ isSuccess: true }));
    await allSay(bad);
  });

  it('hear of a stream that goes on, before it ends', async () => {
    tell({});
    await allSay(good);
    harness.bus.publish(subjects.attemptAnswering, {
      type: 'attempt-answering',
      providerId: bad?.id,
      model,
      sessionId: bad?.id,
      atMs: clock.nowMs(),
    });
    await allSay(bad);
  });
});
