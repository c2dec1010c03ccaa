import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isModelAllowed, isRouteAllowed } from './token-rules.js';

const name = fc.stringMatching(/^[a-z]{1,6}(\/[a-z]{1,6}){0,3}$/);
const rules = (routes: readonly string[]) => ({ routes: [...routes], models: [], addresses: [] });

describe(isRouteAllowed, () => {
  it('allows everything where nothing is listed', () => {
    fc.assert(
      fc.property(name, (route) => {
        expect(isRouteAllowed(route, rules([]))).toBe(true);
        expect(isRouteAllowed(route, undefined)).toBe(true);
      }),
    );
  });

  it('allows a listed name and no other', () => {
    fc.assert(
      fc.property(name, name, (listed, called) => {
        expect(isRouteAllowed(called, rules([listed]))).toBe(listed === called);
      }),
    );
  });

  it('allows what begins as a pattern does, the beginning itself included', () => {
    fc.assert(
      fc.property(name, name, (listed, called) => {
        const allowed = rules([`${listed}*`]);
        expect(isRouteAllowed(called, allowed)).toBe(called.startsWith(listed));
        expect(isRouteAllowed(`${listed}${called}`, allowed)).toBe(true);
      }),
    );
  });

  it.each([
    ['rotation/cheap', 'rotation/*', true],
    ['rotations/cheap', 'rotation/*', false],
    ['ann/provider/box/m', 'box/*', false],
    ['box/m:8b', 'box/m', false],
  ])('%s by %s: %s', (route, pattern, isAllowed) => {
    expect(isRouteAllowed(route, rules([pattern]))).toBe(isAllowed);
  });
});

describe(isModelAllowed, () => {
  it('looks at the models, not at the routes', () => {
    const only = { routes: ['x'], models: ['llama*'], addresses: [] };
    expect(isModelAllowed('llama3.2', only)).toBe(true);
    expect(isModelAllowed('x', only)).toBe(false);
  });
});
