import { randomUUID } from 'node:crypto';
import {
  internalPaths,
  type ReportedUsage,
  type RequestFacts,
  subjects,
  type Usage,
} from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { admitRequest, presentSession } from './admit-request.js';
import { type FakeBroker, startFakeBroker } from './fake-broker.js';
import { type Harness, type RunningRouter, startHarness } from './running-router.js';

type Person = ReturnType<Harness['accounts']['token']>;

/** One whose counts ours are exact for. */
const model = 'gpt-oss:20b';
const route = `rig/${model}`;
const path = '/api/catalog/usage-checks';
const window = 20;

let harness: Harness;
let one: RunningRouter;
let two: RunningRouter;
let broker: FakeBroker;
let [operator, seller, buyer]: Person[] = [];
let providerId: string;

const environment = { ROUTER_USAGE_REQUESTS: String(window), ROUTER_USUAL_ANSWERS_MIN: '4' };

beforeAll(async () => {
  harness = await startHarness();
  [one, two] = [await harness.router(environment), await harness.router(environment)];
  broker = startFakeBroker(harness.bus);
  operator = harness.accounts.token('global');
  seller = harness.accounts.token('seller');
  buyer = harness.accounts.token('buyer');
  const created = await call(seller, 'POST', '/api/catalog/providers', {
    kind: 'coderai',
    name: 'rig',
  });
  const { provider } = created.body;
  providerId = provider.id;
  const prices = {
    prompt_token: '1000000',
    completion_token: '2000000',
    reasoning_token: '3000000',
  };
  await call(seller, 'PUT', '/api/catalog/listings', { providerId, model, prices });
  broker.up(presentSession(provider, [model], { sessionId: 'rig-1' }));
  for (const router of [one, two]) {
    await until(async () => (await admit(router)).status === 200);
  }
});

afterAll(async () => {
  broker.stop();
  await harness.stop();
});

const call = (person: Person | undefined, method: string, at: string, body?: unknown) =>
  one.call(person?.apiToken ?? '', method, at, body);

const admit = (router: RunningRouter, facts: Partial<RequestFacts> = {}, person = buyer) =>
  router.internal(internalPaths.routerAdmit, admitRequest(person?.apiToken ?? '', route, facts));

const usage = (
  tokens: number,
  reported: ReportedUsage | null,
  change: Partial<Usage> = {},
): Usage => ({
  requestId: `req_${randomUUID().replaceAll('-', '')}`,
  ownerId: buyer?.principal.ownerId ?? '',
  apiTokenId: buyer?.principal.apiTokenId ?? '',
  leaseId: null,
  sellerOwnerId: seller?.principal.ownerId ?? '',
  providerId,
  model,
  outcome: 'completed',
  hold: '1',
  charge: '1',
  fee: '0',
  units: { prompt_token: 10, completion_token: tokens },
  reported,
  atMs: Date.now(),
  ...change,
});

/** A window full of requests that the seller has counted so. */
const tell = (completionTokens: number | null, change: Partial<Usage> = {}) =>
  harness.bus.publish(subjects.usageSettled, {
    type: 'usage-settled',
    usages: Array.from({ length: window }, () =>
      usage(
        1_000,
        completionTokens === null ? null : { promptTokens: 10, completionTokens },
        change,
      ),
    ),
  });

const checks = async (person: Person | undefined) =>
  (await call(person, 'GET', path)).body.usageChecks;

describe("a seller's own counts", () => {
  it('are held against nobody while they agree with ours, or are not told', async () => {
    tell(1_010);
    tell(null);
    tell(9_000, { outcome: 'buyer_left' });
    tell(9_000, { sellerOwnerId: buyer?.principal.ownerId ?? null });
    // What is told next is heard after all that.
    tell(1_060);
    const [check] = await until(async () => (await checks(seller)).length > 0 && checks(seller));
    expect(check).toMatchObject({
      providerId,
      provider: 'seller/rig',
      model,
      state: 'flagged',
      requests: window,
    });
    expect(check.differenceBps).toBeLessThan(600);
    expect((await admit(one)).status).toBe(200);
  });

  it('are forgotten when they agree again', async () => {
    tell(1_000);
    await until(async () => (await checks(seller)).length === 0);
  });

  it('keep a model from getting requests when they are far off, at every replica and after a restart', async () => {
    tell(1_500);
    await until(async () => (await checks(seller))[0]?.state === 'paused');
    const three = await harness.router(environment);
    for (const router of [one, two, three]) {
      const answer = await until(async () => {
        const refused = await admit(router);
        return (
          refused.status !== 200 &&
          refused.body.fault?.details.reasons !== 'no_live_session' &&
          refused
        );
      });
      expect(answer.body.fault).toMatchObject({
        code: 'NO_CANDIDATE',
        details: { reasons: 'paused_for_usage' },
      });
      const list = { type: 'list-models', apiToken: buyer?.apiToken, pathUsername: null };
      expect((await router.internal(internalPaths.routerModels, list)).body.models).toEqual([]);
      // One's own capacity is nobody else's business.
      expect((await admit(router, {}, seller)).status).toBe(200);
    }
  });

  it('are not excused by agreeing again: only an operator lifts a pause', async () => {
    tell(1_000);
    tell(1_000);
    expect((await call(seller, 'POST', `${path}/lift`, { providerId, model })).status).toBe(403);
    expect((await checks(seller))[0]?.state).toBe('paused');
    expect(await checks(buyer)).toEqual([]);
    expect((await call(operator, 'GET', `${path}?username=seller`)).body.usageChecks).toHaveLength(
      1,
    );

    expect((await call(operator, 'POST', `${path}/lift`, { providerId, model })).status).toBe(204);
    for (const router of [one, two]) {
      await until(async () => (await admit(router)).status === 200);
    }
    expect((await call(operator, 'POST', `${path}/lift`, { providerId, model })).status).toBe(204);
    const unknown = { providerId: randomUUID(), model };
    expect((await call(operator, 'POST', `${path}/lift`, unknown)).status).toBe(404);
  });

  it('begin anew after that, whatever is still heard of before', async () => {
    const atMs = Date.now();
    tell(1_500);
    await until(async () => (await checks(seller))[0]?.state === 'paused');
    await call(operator, 'POST', `${path}/lift`, { providerId, model });
    for (const router of [one, two]) {
      await until(async () => (await admit(router)).status === 200);
    }
    // A replica that was slow, or away, hears of it only now.
    tell(1_500, { atMs });
    tell(1_060);
    await until(async () => (await checks(seller)).length > 0);
    expect((await checks(seller))[0]?.state).toBe('flagged');
    expect((await admit(one)).status).toBe(200);
  });
});

describe('the money for an answer', () => {
  const held = async (facts: Partial<RequestFacts>) =>
    BigInt((await admit(one, facts)).body.holdAmount ?? -1);
  /** 10 prompt tokens at 1 USD, and output at the dearer of its two prices, 3 USD a million. */
  const costOf = (outputTokens: number) => 10n + BigInt(outputTokens) * 3n;

  it('is held for what is usual, not for what is named', async () => {
    await until(async () => (await held({ outputTokensMax: 64_000 })) === costOf(1_000));
    expect(await held({ outputTokensMax: 500 })).toBe(costOf(500));
    expect(await held({ outputTokensMax: null, isStream: false })).toBe(costOf(2_000));
  });

  it("stays within the buyer's own limits, and tells the gateway how far they reach", async () => {
    const { body } = await admit(one, { outputTokensMax: 64_000, costMax: '310' });
    expect(body).toMatchObject({
      holdAmount: '310',
      candidates: [{ outputTokensHeld: 100, outputTokensPayable: 100, isReasoningPriced: true }],
    });
    const roomy = await admit(one, { outputTokensMax: 64_000, costMax: '30010' });
    expect(roomy.body).toMatchObject({
      holdAmount: '3010',
      candidates: [{ outputTokensHeld: 1_000, outputTokensPayable: 10_000 }],
    });
  });

  it.each([
    { pricesMax: { prompt_token: '999999' } },
    { pricesMax: { completion_token: '2999999' } },
    { costMax: '12' },
  ])('is not asked for where the buyer wants to pay less: %j', async (limit) => {
    expect((await admit(one, limit)).body.fault).toMatchObject({
      code: 'PRICE_ABOVE_MAX',
      kind: 'invalid',
    });
  });
});
