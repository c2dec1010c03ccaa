import { internalPaths } from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { admitRequest, presentSession } from './admit-request.js';
import { type FakeBroker, startFakeBroker } from './fake-broker.js';
import { type Harness, type RunningRouter, startHarness } from './running-router.js';

let harness: Harness;
let router: RunningRouter;
let broker: FakeBroker;
let seller: ReturnType<Harness['accounts']['token']>;
let buyer: ReturnType<Harness['accounts']['token']>;
// biome-ignore lint/suspicious/noExplicitAny: an answer of the API under test
let provider: any;

beforeAll(async () => {
  harness = await startHarness();
  router = await harness.router();
  broker = startFakeBroker(harness.bus);
  seller = harness.accounts.token('seller');
  buyer = harness.accounts.token('buyer');
  const created = await router.call(seller.apiToken, 'POST', '/api/catalog/providers', {
    kind: 'coderai',
    name: 'rig',
  });
  provider = created.body.provider;
  await router.call(seller.apiToken, 'PUT', '/api/catalog/listings', {
    providerId: provider.id,
    model: 'llama3:8b',
    prices: { prompt_token: '20000000', completion_token: '40000000' },
  });
  broker.up(presentSession(provider, ['llama3:8b', 'secret-model']));
});

afterAll(async () => {
  broker.stop();
  await harness.stop();
});

const admit = (...args: Parameters<typeof admitRequest>) =>
  router.internal(internalPaths.routerAdmit, admitRequest(...args));

describe('admission', () => {
  it('holds the money and names the session that serves', async () => {
    const answer = await until(async () => {
      const answer = await admit(buyer.apiToken, 'rig/llama3:8b');
      return answer.status === 200 && answer;
    });
    expect(answer.body).toMatchObject({
      holdEpoch: 1,
      // (10 × 20,000,000 + 100 × 40,000,000) / 1,000,000
      holdAmount: '4200',
      attemptsMax: 1,
      candidates: [
        { kind: 'session', brokerUrl: broker.url, providerLabel: 'seller/rig', model: 'llama3:8b' },
      ],
      rejections: [],
    });
    expect(harness.accounts.state.authorised.at(-1)).toMatchObject({
      amount: '4200',
      ownerId: buyer.principal.ownerId,
      terms: [
        {
          providerId: provider.id,
          sellerOwnerId: seller.principal.ownerId,
          feeBps: 500,
          prices: { prompt_token: '20000000', completion_token: '40000000' },
        },
      ],
    });
  });

  it('lets owners use their own for nothing, unlisted models too', async () => {
    const answer = await admit(seller.apiToken, 'rig/secret-model');
    expect(answer.body).toMatchObject({ holdAmount: '0', candidates: [{ model: 'secret-model' }] });
  });

  it("does not know another owner's unlisted model", async () => {
    const answer = await admit(buyer.apiToken, 'rig/secret-model');
    expect(answer.status).toBe(404);
    expect(answer.body.fault.code).toBe('MODEL_NOT_FOUND');
  });
});
