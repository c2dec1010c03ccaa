import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isReservedName, parseRoute, qualifiedProviderRoute, splitSuffix } from './route-name.js';

const anna = { username: 'anna' };

describe(parseRoute, () => {
  it.each([
    ['rig/llama3:8b', { whose: 'nearest', provider: 'rig', model: 'llama3:8b' }],
    ['rig/meta/llama-3/8b', { whose: 'nearest', provider: 'rig', model: 'meta/llama-3/8b' }],
    ['anna/provider/rig/m', { whose: anna, provider: 'rig', model: 'm' }],
    ['anna/provider/rig/org/m', { whose: anna, provider: 'rig', model: 'org/m' }],
    ['user-provider/rig/m', { whose: 'own', provider: 'rig', model: 'm' }],
    ['user-provider/rig/org/m', { whose: 'own', provider: 'rig', model: 'org/m' }],
    // Not enough for the long form, so it is a model of that name.
    ['rig/provider/x', { whose: 'nearest', provider: 'rig', model: 'provider/x' }],
    ['tags/m', { whose: 'nearest', provider: 'tags', model: 'm' }],
    ['rig/autoselect', { whose: 'nearest', provider: 'rig', model: 'autoselect' }],
  ])('reads %s as a provider and its model', (text, expected) => {
    expect(parseRoute(text)).toEqual({ kind: 'provider', ...expected });
  });

  it.each([
    ['rotation/main', 'rotation', 'nearest'],
    ['rotations/main', 'rotation', 'nearest'],
    ['user-rotation/main', 'rotation', 'own'],
    ['anna/rotation/main', 'rotation', anna],
    ['autoselect/main', 'autoselect', 'nearest'],
    ['autoselections/main', 'autoselect', 'nearest'],
    ['user-autoselect/main', 'autoselect', 'own'],
    ['anna/autoselect/main', 'autoselect', anna],
    ['import/main', 'import', 'nearest'],
    ['imports/main', 'import', 'nearest'],
    ['user-import/main', 'import', 'own'],
    ['anna/import/main', 'import', anna],
  ])('reads %s as a %s', (text, kind, whose) => {
    expect(parseRoute(text)).toEqual({ kind, whose, name: 'main' });
  });

  it.each(['gpt-4o', 'llama3:8b', 'rotation'])('reads %s as a model of whoever has it', (text) => {
    expect(parseRoute(text)).toEqual({ kind: 'model', model: text });
  });

  it.each([
    ...['', '/', '/llama', 'rig/', 'rotation/', 'rotation/a/b', '//'],
    ...['user-provider/', 'user-provider/rig', 'user-provider/rig/', 'user-provider//m'],
    ...['user-rotation/', 'user-rotation/a/b', 'autoselect/', 'autoselect/a/b'],
    ...['import/', 'import/a/b', 'imports/', 'user-import/', 'user-import/a/b'],
  ])('makes nothing of %p', (text) => expect(parseRoute(text)).toEqual({ kind: 'unknown' }));

  it('reads back what it writes', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/).filter((one) => !isReservedName(one));
    const model = fc.stringMatching(/^[a-z][a-z0-9:/.-]{0,12}$/);
    const run = fc.property(name, name, model, (owner, provider, wanted) => {
      const route = qualifiedProviderRoute(owner, provider, wanted);
      const whose = { username: owner };
      expect(parseRoute(route)).toEqual({ kind: 'provider', whose, provider, model: wanted });
    });
    fc.assert(run);
  });

  it('reserves the words that routes begin with', () => {
    expect(isReservedName('rotation')).toBe(true);
    expect(isReservedName('user-provider')).toBe(true);
    expect(isReservedName('import')).toBe(true);
    expect(isReservedName('rig')).toBe(false);
  });

  it.each([
    ...['account', 'accounts', 'catalog', 'coderai', 'u', 'v1', 'auth', 'broker', 'tags'],
    ...['version', 'providers', 'rotations', 'autoselects', 'autoselections', 'models', 'chat'],
    ...['route', 'generation', 'embeddings', 'generate'],
  ])('reserves %s, which an address has in the place of a provider', (word) => {
    expect(isReservedName(word)).toBe(true);
  });
});

describe(splitSuffix, () => {
  it('takes what it knows off the end, and nothing else', () => {
    expect(splitSuffix('rig/llama:nitro')).toEqual({ route: 'rig/llama', sort: 'throughput' });
    expect(splitSuffix('rotation/main:floor')).toEqual({ route: 'rotation/main', sort: 'price' });
    expect(splitSuffix('rig/llama3:8b')).toEqual({ route: 'rig/llama3:8b' });
    expect(splitSuffix('rig/llama3:8b:floor')).toEqual({ route: 'rig/llama3:8b', sort: 'price' });
  });
});
