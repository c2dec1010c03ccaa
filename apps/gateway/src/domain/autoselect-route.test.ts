import { describe, expect, it } from '@jest/globals';
import { isAutoselectRoute } from './autoselect-route.js';

describe(isAutoselectRoute, () => {
  it.each([
    'autoselect/fast',
    'autoselections/fast',
    'user-autoselect/mine',
    'sam/autoselect/theirs',
    'autoselect/fast:nitro',
  ])('is so of %s', (route) => {
    expect(isAutoselectRoute(route)).toBe(true);
  });

  it.each([
    ['autoselect', 'autoselect/', 'autoselect/a/b', 'rotation/autoselect', 'sams/autoselect'],
    ['sam/provider/rig/autoselect/x', 'user-provider/autoselect/x/y', 'llama', ''],
  ])('is not so of anything else', (...routes) => {
    expect(routes.filter(isAutoselectRoute)).toEqual([]);
  });
});
