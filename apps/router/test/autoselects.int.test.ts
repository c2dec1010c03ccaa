import { randomUUID } from 'node:crypto';
import { internalPaths } from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { replaySelection } from '../src/domain/selection.js';
import { admitRequest } from './admit-request.js';
import { type Harness, type RunningRouter, startHarness } from './running-router.js';

type Person = ReturnType<Harness['accounts']['token']>;

let harness: Harness;
let router: RunningRouter;
let [operator, anna, bob]: Person[] = [];
/** A hosted provider of the operator's, on sale. */
let hosted: string;
const path = '/api/catalog/autoselects';

beforeAll(async () => {
  harness = await startHarness();
  router = await harness.router();
  operator = harness.accounts.token('global');
  anna = harness.accounts.token('anna');
  bob = harness.accounts.token('bob');
  const created = await call(operator, 'POST', '/api/catalog/providers', {
    kind: 'openai',
    name: 'cloud',
    baseUrl: 'https://upstream.example/v1',
    models: [{ name: 'm' }],
  });
  hosted = created.body.provider.id;
  await call(operator, 'PUT', '/api/catalog/listings', {
    providerId: hosted,
    model: 'm',
    prices: { prompt_token: '1000000' },
  });
});

afterAll(() => harness.stop());

const call = (person: Person | undefined, method: string, address: string, body?: unknown) =>
  router.call(person?.apiToken ?? '', method, address, body);

const poems = { name: 'poems', examples: ['Write a poem.'], similarityMin: 0.4 };
const open = { otherwise: [{ privacy: 'ignored' }] };

async function admit(person: Person | undefined, route: string) {
  const request = admitRequest(person?.apiToken ?? '', route);
  const { status, body } = await router.internal(internalPaths.routerAdmit, request);
  return [status, body.fault?.code ?? body.candidates?.[0]?.providerLabel];
}

const idsFor = async (person: Person | undefined): Promise<string[]> => {
  const question = { type: 'list-models', apiToken: person?.apiToken, pathUsername: null };
  const { body } = await router.internal(internalPaths.routerModels, question);
  return body.models.map(({ id }: { id: string }) => id);
};

describe('autoselects', () => {
  it('are kept as they were written, called by their names, and gone when they are deleted', async () => {
    const tree = { not: { signal: 'hasTools', op: 'is', value: true } };
    const member = { providerId: hosted, model: 'm' };
    const wished = {
      decisions: [{ name: 'plain', when: tree, use: [{ from: [member], privacy: 'ignored' }] }],
      otherwise: [{ weights: { price: 2 }, ceilings: { regions: ['eu'] } }],
      qualities: [{ model: 'm*', tier: 50 }],
    };
    const saved = await call(bob, 'PUT', `${path}/pick`, wished);
    expect(saved.status).toBe(200);
    expect(saved.body).toMatchObject({
      name: 'pick',
      username: 'bob',
      decisions: [{ when: tree }],
    });
    expect((await call(bob, 'GET', `${path}/pick`)).body).toEqual(saved.body);
    // Of the signals of this request nobody has told, so that it is no request without tools for sure.
    for (const route of ['autoselect/pick', 'user-autoselect/pick', 'bob/autoselect/pick']) {
      expect(await admit(bob, route)).toEqual([200, 'global/cloud']);
      expect(await idsFor(bob)).toContain('autoselect/pick');
    }
    expect(await admit(anna, 'autoselect/pick')).toEqual([404, 'MODEL_NOT_FOUND']);
    expect(await admit(anna, 'bob/autoselect/pick')).toEqual([404, 'MODEL_NOT_FOUND']);
    expect((await call(anna, 'GET', `${path}/pick`)).status).toBe(404);
    expect((await call(anna, 'DELETE', `${path}/pick`)).status).toBe(404);
    const replaced = await call(bob, 'PUT', `${path}/pick`, open);
    expect(replaced.body.id).toBe(saved.body.id);
    expect((await call(bob, 'DELETE', `${path}/pick`)).status).toBe(204);
    expect(await admit(bob, 'autoselect/pick')).toEqual([404, 'MODEL_NOT_FOUND']);
  });

  it('are there for everybody where they are built in, until somebody has one of that name', async () => {
    const names = (await call(bob, 'GET', path)).body.autoselects.map(
      ({ name }: { name: string }) => name,
    );
    expect(names).toEqual([
      'private',
      'cheap',
      'fast',
      'long-context',
      'media',
      'balanced',
      'hosted-fallback',
    ]);
    expect(await idsFor(bob)).toEqual(
      expect.arrayContaining(['autoselect/private', 'autoselect/fast']),
    );
    // Nobody has looked at the prompt, and the operator's cloud promises nothing.
    for (const route of ['autoselect/fast', 'autoselections/fast', 'global/autoselect/fast']) {
      expect(await admit(bob, route)).toEqual([422, 'PRIVACY_UNMET']);
    }
    expect(await admit(bob, 'user-autoselect/fast')).toEqual([404, 'MODEL_NOT_FOUND']);
    expect((await call(bob, 'DELETE', `${path}/fast`)).body.error.code).toBe('autoselect_built_in');

    await call(operator, 'PUT', `${path}/fast`, open);
    expect(await admit(bob, 'autoselect/fast')).toEqual([200, 'global/cloud']);
    await call(bob, 'PUT', `${path}/fast`, { otherwise: [{ privacy: 'always' }] });
    expect(await admit(bob, 'autoselect/fast')).toEqual([422, 'PRIVACY_UNMET']);
    expect(await admit(bob, 'global/autoselect/fast')).toEqual([200, 'global/cloud']);
    expect((await call(bob, 'GET', `${path}/fast`)).body.username).toBe('bob');
  });

  it('of a seller are open where they name what it sells', async () => {
    const { provider } = (
      await call(anna, 'POST', '/api/catalog/providers', { kind: 'coderai', name: 'rig' })
    ).body;
    const named = {
      otherwise: [{ from: [{ providerId: provider.id, model: 'm' }], privacy: 'ignored' }],
    };
    await call(anna, 'PUT', `${path}/best`, named);
    expect(await admit(bob, 'anna/autoselect/best')).toEqual([404, 'MODEL_NOT_FOUND']);
    const listing = { providerId: provider.id, model: 'm', prices: { prompt_token: '1' } };
    await call(anna, 'PUT', '/api/catalog/listings', listing);
    // It is meant, and has no worker.
    expect(await admit(bob, 'anna/autoselect/best')).toEqual([503, 'NO_CANDIDATE']);
    await call(anna, 'PUT', `${path}/best`, open);
    expect(await admit(bob, 'anna/autoselect/best')).toEqual([404, 'MODEL_NOT_FOUND']);
  });

  it.each<[string, object, string]>([
    ['no selection', { otherwise: [] }, 'request_invalid'],
    [
      'an unknown signal',
      {
        ...open,
        decisions: [{ name: 'a', when: { signal: 'mood', op: 'is', value: 1 }, use: [{}] }],
      },
      'request_invalid',
    ],
    [
      'a provider that is not there',
      { otherwise: [{ from: [{ providerId: randomUUID(), model: 'm' }] }] },
      'provider_not_found',
    ],
    [
      'a rotation that is not there',
      { otherwise: [{ from: [{ rotationId: randomUUID() }] }] },
      'rotation_not_found',
    ],
    [
      'a class that it does not have',
      {
        ...open,
        decisions: [
          { name: 'a', when: { not: { signal: 'classes', op: 'has', value: 'poems' } }, use: [{}] },
        ],
      },
      'autoselect_class_unknown',
    ],
    ['a class twice', { ...open, classes: [poems, poems] }, 'request_invalid'],
    [
      'a class without examples',
      { ...open, classes: [{ name: 'poems', examples: [' '] }] },
      'request_invalid',
    ],
    [
      'a judge without a choice',
      { ...open, judge: { models: [{ model: 'm', description: 'x' }] } },
      'request_invalid',
    ],
    ['a weight below nothing', { otherwise: [{ weights: { price: -1 } }] }, 'request_invalid'],
    ['a word that nobody knows', { ...open, mood: 'good' }, 'request_invalid'],
  ])('are refused with %s', async (_what, body, code) => {
    expect((await call(bob, 'PUT', `${path}/odd`, body)).body.error.code).toBe(code);
    expect((await call(bob, 'GET', `${path}/odd`)).status).toBe(404);
  });

  it('of a form that is not known here are left out, and nothing else with them', async () => {
    const client = new Client({ connectionString: harness.database.urls.router });
    await client.connect();
    await call(bob, 'PUT', `${path}/later`, open);
    await client.query(`UPDATE autoselect SET definition = '{"form": 2}' WHERE name = 'later'`);
    await client.end();
    await call(bob, 'PUT', `${path}/another`, open);
    expect(await admit(bob, 'autoselect/later')).toEqual([404, 'MODEL_NOT_FOUND']);
    expect(await admit(bob, 'autoselect/another')).toEqual([200, 'global/cloud']);
  });

  it('say what they want to know of a prompt, to whoever may call them', async () => {
    const carl = harness.accounts.token('carl');
    const judge = {
      models: [
        { model: 'm', description: 'knows everything' },
        { model: 'n*', description: 'knows nothing' },
      ],
    };
    const when = { signal: 'classes', op: 'has', value: 'poems' };
    const wish = (...members: object[]) =>
      call(carl, 'PUT', `${path}/wise`, {
        ...{ classes: [poems], judge, otherwise: [{ from: members }] },
        decisions: [{ name: 'a', when, use: [{ from: members }] }],
      });
    const sought = async (person: Person | undefined, ...routes: string[]) => {
      const question = { type: 'seek-advice', apiToken: person?.apiToken, pathUsername: null };
      const { body } = await router.internal(internalPaths.routerSeekAdvice, {
        ...question,
        routes,
      });
      return body.autoselects;
    };
    const one = { providerId: hosted, model: 'm' };
    await wish(one);
    // One alone is no choice for a judge.
    const told = [{ autoselect: 'carl/wise', classes: [poems], judged: [] }];
    expect(await sought(carl, 'autoselect/wise:floor', 'carl/autoselect/wise')).toEqual(told);
    expect(await sought(anna, 'carl/autoselect/wise', 'autoselect/wise')).toEqual([]);
    expect(await sought(carl, 'autoselect/fast', 'cloud/m', '//')).toEqual([]);
    const { body } = await call(carl, 'POST', '/api/catalog/providers', {
      ...{ kind: 'openai', name: 'cloud-two', baseUrl: 'https://upstream.example/v1' },
      models: [{ name: 'nine' }, { name: 'ten' }],
    });
    const { id: providerId } = body.provider;
    await wish(one, { providerId, model: 'nine' }, { providerId, model: 'ten' });
    expect((await sought(carl, 'autoselect/wise'))[0].judged).toEqual([
      { name: 'global/cloud/m', description: 'knows everything' },
      { name: 'carl/cloud-two/nine', description: 'knows nothing' },
    ]);
  });

  it('have what they decide told to accounts, of admitted requests that asked for one', async () => {
    const ask = async (route: string, id: string) => {
      const request = { ...admitRequest(bob?.apiToken ?? '', route), requestId: id };
      return (await router.internal(internalPaths.routerAdmit, request)).status;
    };
    const [plain, refused, selected] = ['a', 'b', 'c'].map((one) => `req_${one.repeat(32)}`);
    expect(await ask('cloud/m', plain ?? '')).toBe(200);
    harness.accounts.refuse('exhausted', 'BALANCE_TOO_LOW');
    expect(await ask('global/autoselect/fast', refused ?? '')).toBe(402);
    harness.accounts.state.refusal = undefined;
    await call(bob, 'PUT', `${path}/open`, open);
    expect(await ask('autoselect/open', selected ?? '')).toBe(200);
    const noteOf = (id: string | undefined) =>
      harness.accounts.state.noted.find(({ requestId }) => requestId === id);
    const note = await until(() => noteOf(selected));
    // They are told in the order of the requests.
    expect([noteOf(plain), noteOf(refused)]).toEqual([undefined, undefined]);
    expect(note.ownerId).toBe(bob?.principal.ownerId);
    const [record] = note.selections;
    expect(record?.outcomes[0]?.ranking.flat().map(({ name }) => name)).toEqual(['global/cloud/m']);
    expect(record && replaySelection(record)).toEqual(record);
  });
});
