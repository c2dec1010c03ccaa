import { CallableRoutes, internalPaths, type TokenRules } from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { admitRequest, presentSession } from './admit-request.js';
import { type FakeBroker, startFakeBroker } from './fake-broker.js';
import { type Harness, type RunningRouter, startHarness } from './running-router.js';

let harness: Harness;
let router: RunningRouter;
let broker: FakeBroker;

/** A seller with two models on sale and a rotation over both. */
beforeAll(async () => {
  harness = await startHarness();
  router = await harness.router();
  broker = startFakeBroker(harness.bus);
  const { apiToken } = harness.accounts.token('ann');
  const call = async (method: string, path: string, body: object) =>
    (await router.call(apiToken, method, `/api/catalog${path}`, body)).body;
  const { provider } = await call('POST', '/providers', { kind: 'coderai', name: 'box' });
  for (const model of ['small', 'large']) {
    const prices = { prompt_token: '1000000' };
    await call('PUT', '/listings', { providerId: provider.id, model, prices });
  }
  const members = ['small', 'large'].map((model) => ({ providerId: provider.id, model }));
  await call('PUT', '/rotations/mix', { members });
  broker.up(presentSession(provider, ['small', 'large'], { sessionId: 'box-1' }));
  await until(async () => (await admitted('box/large', {})).status === 200);
});
afterAll(async () => {
  broker.stop();
  await harness.stop();
});

const tokenWith = (rules: Partial<TokenRules>) =>
  harness.accounts.token('buyer', {
    rules: { routes: [], models: [], addresses: [], ...rules },
  }).apiToken;

async function admitted(route: string, rules: Partial<TokenRules>, change: object = {}) {
  const request = { ...admitRequest(tokenWith(rules), route), ...change };
  const { status, body } = await router.internal(internalPaths.routerAdmit, request);
  const candidates = (body.candidates ?? []) as { model: string }[];
  return { status, code: body.fault?.code, models: candidates.map(({ model }) => model).sort() };
}

async function listed(rules: Partial<TokenRules>, clientAddress: string | null = null) {
  const apiToken = tokenWith(rules);
  const question = { type: 'list-models', apiToken, pathUsername: null, clientAddress };
  const { status, body } = await router.internal(internalPaths.routerModels, question);
  const ids: string[] | undefined = body.models?.map(({ id }: { id: string }) => id);
  const isNamed = (id: string) => !id.startsWith('autoselect/');
  return ids?.filter(isNamed) ?? { status, code: body.fault?.code };
}

async function called(rules: Partial<TokenRules>) {
  const question = { type: 'list-routes', apiToken: tokenWith(rules), pathUsername: null };
  const { body } = await router.internal(internalPaths.routerRoutes, question);
  const { providers, rotations, autoselects } = CallableRoutes.parse(body);
  return {
    providers: providers.map(({ ownedBy, name, models }) => `${ownedBy}/${name}: ${models}`),
    rotations: rotations.map(({ id, members }) => `${id}: ${members.map(({ model }) => model)}`),
    autoselects: autoselects.map(({ id }) => id),
  };
}

const refused = { status: 403, code: 'ROUTE_NOT_ALLOWED' };

describe('a token that is limited', () => {
  it('to routes calls those and no others', async () => {
    const rules = { routes: ['ann/rotation/*', 'box/small'] };
    expect(await admitted('box/small', rules)).toMatchObject({ status: 200 });
    expect(await admitted('ann/rotation/mix', rules)).toMatchObject({ status: 200 });
    expect(await admitted('box/large', rules)).toMatchObject(refused);
    // Another name of what it may call is another route, and what does not exist is refused alike.
    expect(await admitted('ann/provider/box/small', rules)).toMatchObject(refused);
    expect(await admitted('nowhere/at-all', rules)).toMatchObject(refused);
  });

  it('to models is served by those alone, whichever route leads there', async () => {
    const rules = { models: ['sma*'] };
    const rotation = await admitted('ann/rotation/mix', rules);
    expect(rotation).toMatchObject({ status: 200, models: ['small'] });
    expect(await admitted('box/large', rules)).toMatchObject(refused);
    expect(await admitted('ann/rotation/mix', { models: ['huge'] })).toMatchObject(refused);
  });

  it('sees in the list what it may call, by a name under which it may', async () => {
    expect(await listed({})).toEqual(['ann/rotation/mix', 'box/large', 'box/small']);
    expect(await listed({ routes: ['box/*'] })).toEqual(['box/large', 'box/small']);
    expect(await listed({ routes: ['ann/*'], models: ['small'] })).toEqual([
      'ann/provider/box/small',
      'ann/rotation/mix',
    ]);
    expect(await listed({ models: ['huge'] })).toEqual([]);
  });

  it('sees in the lists of providers and rotations the same', async () => {
    expect(await called({})).toMatchObject({
      providers: ['ann/box: 2'],
      rotations: ['ann/rotation/mix: small,large'],
      autoselects: expect.arrayContaining(['autoselect/fast']),
    });
    expect(await called({ routes: ['box/small'] })).toEqual({
      ...{ providers: ['ann/box: 1'], rotations: [], autoselects: [] },
    });
    expect(
      await called({ routes: ['ann/rotation/*', 'autoselect/fast'], models: ['small'] }),
    ).toEqual({
      ...{ providers: [], rotations: ['ann/rotation/mix: small'] },
      autoselects: ['autoselect/fast'],
    });
    const nothing = { providers: [], rotations: [], autoselects: [] };
    expect(await called({ models: ['huge'] })).toEqual(nothing);
  });

  it('to addresses is refused from elsewhere, and where nobody says from where', async () => {
    const rules = { addresses: ['203.0.113.0/24', '2001:db8::/32'] };
    const elsewhere = { status: 403, code: 'ADDRESS_NOT_ALLOWED' };
    const from = (clientAddress: string | null) => admitted('box/small', rules, { clientAddress });
    expect(await from('203.0.113.7')).toMatchObject({ status: 200 });
    expect(await from('2001:db8::7')).toMatchObject({ status: 200 });
    expect(await from('203.0.114.7')).toMatchObject(elsewhere);
    expect(await from(null)).toMatchObject(elsewhere);
    expect(await listed(rules, '198.51.100.1')).toEqual(elsewhere);
  });
});
