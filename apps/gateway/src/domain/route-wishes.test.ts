import { RequestFacts } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readRouteWishes } from './route-wishes.js';

const read = (body: Record<string, unknown>, header?: string) => {
  const result = readRouteWishes(body, header);
  return 'facts' in result ? { ...result.facts, own: [...result.ownMembers].sort() } : result;
};

describe(readRouteWishes, () => {
  it('finds nothing where nothing is wished, and leaves to others what is theirs', () => {
    expect(read({})).toEqual({ own: [] });
    expect(read({ provider: 'openai' })).toEqual({ own: [] });
    expect(read({ provider: { name: 'theirs' } })).toEqual({ own: [] });
    expect(read({ models: null, session_id: null })).toEqual({ own: ['models', 'session_id'] });
  });

  it('reads the routes to fall back on, and the session', () => {
    expect(read({ models: ['a/b', 'rotation/c'], session_id: 's' })).toEqual({
      fallbacks: ['a/b', 'rotation/c'],
      stickyKey: 's',
      own: ['models', 'session_id'],
    });
    expect(read({}, 'from the header')).toEqual({ stickyKey: 'from the header', own: [] });
    expect(read({ session_id: 'body' }, 'header')).toMatchObject({ stickyKey: 'body' });
  });

  it("reads all of OpenRouter's wishes, and ours", () => {
    const provider = {
      order: ['anna/rig', 'cloud'],
      allow_fallbacks: false,
      only: ['anna'],
      ignore: ['bob'],
      data_collection: 'deny',
      zdr: true,
      quantizations: ['fp8', 'unknown'],
      sort: { by: 'latency', partition: 'none' },
      preferred_min_throughput: 40,
      preferred_max_latency: { p50: 0.5, p99: 3 },
      region: 'eu',
      own_first: true,
      max_price: { prompt: 1 },
    };
    expect(read({ provider })).toEqual({
      pricesMax: { prompt_token: '1000000000' },
      preferences: {
        order: ['anna/rig', 'cloud'],
        allowsFallbacks: false,
        only: ['anna'],
        ignore: ['bob'],
        deniesCollection: true,
        isZeroRetention: true,
        quantizations: ['fp8', 'unknown'],
        sort: 'latency',
        throughputMin: { p50: 40 },
        latencyMsMax: { p50: 500, p99: 3000 },
        regions: ['eu'],
        isOwnFirst: true,
      },
      own: ['provider'],
    });
  });

  it('names the fields that whoever serves must heed', () => {
    const body = { model: 'm', messages: [], stream: true, temperature: 0, top_k: null, tools: [] };
    expect(read({ ...body, provider: { require_parameters: true } })).toMatchObject({
      preferences: { parameters: ['temperature', 'tools'] },
    });
    expect(read({ ...body, provider: { require_parameters: false } })).toEqual({
      own: ['provider'],
    });
  });

  it.each([
    ['models', { models: 'a' }],
    ['models.0', { models: [1] }],
    ['models', { models: Array.from({ length: 17 }, () => 'a') }],
    ['session_id', { session_id: '' }],
    ['session_id', { session_id: 'x'.repeat(257) }],
    ['provider.order', { provider: { order: 'anna' } }],
    ['provider.order', { provider: { order: [] } }],
    ['provider.only.0', { provider: { only: [''] } }],
    ['provider.allow_fallbacks', { provider: { allow_fallbacks: 'no' } }],
    ['provider.data_collection', { provider: { data_collection: 'never' } }],
    ['provider.zdr', { provider: { zdr: 1 } }],
    ['provider.sort', { provider: { sort: 'random' } }],
    ['provider.preferred_max_latency', { provider: { preferred_max_latency: -1 } }],
    ['provider.max_price', { provider: { max_price: 7 } }],
  ])('refuses a bad %s: %j', (param, body) => {
    expect(read(body)).toMatchObject({ code: 'invalid_type', param });
  });

  it('makes of any body facts that a router takes, or a problem', () => {
    const facts = {
      ...{ endpoint: 'chat.completions', route: 'a/b', isStream: false, bodyBytes: 1 },
      ...{ promptTokens: 1, outputTokensMax: null, choices: 1 },
    };
    const names = ['order', 'only', 'sort', 'zdr', 'preferred_max_latency', 'require_parameters'];
    const provider = fc.dictionary(fc.constantFrom(...names), fc.jsonValue());
    const member = fc.constantFrom('models', 'session_id', 'temperature', 'max_cost', 'x y');
    const run = fc.property(fc.dictionary(member, fc.jsonValue()), provider, (body, wishes) => {
      const result = readRouteWishes({ ...body, provider: wishes }, undefined);
      if ('code' in result) expect(result.message).not.toBe('');
      else expect(RequestFacts.safeParse({ ...facts, ...result.facts }).error).toBeUndefined();
    });
    fc.assert(run, { numRuns: 1_000 });
  });
});
