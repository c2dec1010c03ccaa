import { describe, expect, it } from '@jest/globals';
import {
  hostilePaths,
  missingPaths,
  noSocketPaths,
  openPaths,
  socketPaths,
} from '../test/edge-paths.js';
import { edgeRoute, edgeSocketRoute } from './edge-route.js';

describe(edgeRoute, () => {
  it.each(openPaths)('sends %s to the %s', (path, target) => {
    expect(edgeRoute(path)).toEqual({ name: 'forward', target });
  });

  it.each(missingPaths)('has nothing at %s', (path) => {
    expect(edgeRoute(path)).toEqual({ name: 'missing' });
  });

  it.each([...hostilePaths, ''])('refuses %s', (path) => {
    expect(edgeRoute(path)).toEqual({ name: 'refused' });
  });

  it('shows an index at the root', () => {
    expect(edgeRoute('/?from=mail')).toEqual({ name: 'index' });
  });
});

describe(edgeSocketRoute, () => {
  it.each(socketPaths)('sends %s to the %s', (path, target) => {
    expect(edgeSocketRoute(path)).toEqual({ name: 'forward', target });
  });

  it.each(noSocketPaths)('has nothing at %s', (path) => {
    expect(edgeSocketRoute(path)).toEqual({ name: 'missing' });
  });

  it.each(hostilePaths)('refuses %s', (path) => {
    expect(edgeSocketRoute(path)).toEqual({ name: 'refused' });
  });
});
