import { describe, expect, it } from '@jest/globals';
import { isReservedName, parseRoute, qualifiedProviderRoute } from './route-name.js';

describe('parseRoute', () => {
  it.each([
    ['rig/llama3:8b', { owner: null, provider: 'rig', model: 'llama3:8b' }],
    ['rig/meta/llama-3/8b', { owner: null, provider: 'rig', model: 'meta/llama-3/8b' }],
    ['anna/provider/rig/m', { owner: 'anna', provider: 'rig', model: 'm' }],
    ['anna/provider/rig/org/m', { owner: 'anna', provider: 'rig', model: 'org/m' }],
    // Not enough for the long form, so it is a model of that name.
    ['rig/provider/x', { owner: null, provider: 'rig', model: 'provider/x' }],
    ['rig/autoselect', { owner: null, provider: 'rig', model: 'autoselect' }],
  ])('reads %s as a provider and its model', (text, expected) => {
    expect(parseRoute(text)).toEqual({ kind: 'provider', ...expected });
  });

  it.each([
    ['rotation/main', { owner: null, rotation: 'main' }],
    ['anna/rotation/main', { owner: 'anna', rotation: 'main' }],
  ])('reads %s as a rotation', (text, expected) => {
    expect(parseRoute(text)).toEqual({ kind: 'rotation', ...expected });
  });

  it.each(['rotations/main', 'autoselect/x', 'user-provider/rig/m', 'anna/autoselect/x'])(
    'knows the form of %s and does not serve it',
    (text) => expect(parseRoute(text).kind).toBe('unsupported'),
  );

  it.each(['', '/', 'gpt-4o', '/llama', 'rig/', 'rotation/', 'rotation/a/b', '//'])(
    'makes nothing of %p',
    (text) => expect(parseRoute(text)).toEqual({ kind: 'unknown' }),
  );

  it('reads back what it writes', () => {
    const route = qualifiedProviderRoute('anna', 'rig', 'org/m');
    expect(parseRoute(route)).toMatchObject({ owner: 'anna', provider: 'rig', model: 'org/m' });
  });

  it('reserves the words that routes begin with', () => {
    expect(isReservedName('rotation')).toBe(true);
    expect(isReservedName('rig')).toBe(false);
  });
});
