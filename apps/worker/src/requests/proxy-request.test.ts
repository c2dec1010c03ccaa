import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { enginePath } from './proxy-request.js';

const allowed = ['v1/images', 'v1/models'];

describe(enginePath, () => {
  it.each([
    ['v1/images/generations', 'images/generations'],
    ['/v1/images', 'images'],
    ['v1/models/org:name@v1.0', 'models/org:name@v1.0'],
  ])('serves %s', (path, below) => {
    expect(enginePath(path, allowed)).toBe(below);
  });

  it.each([
    '',
    '/',
    'admin',
    'v1',
    'v1/imagesx',
    'v1/files',
    'v1/images/../files',
    'v1/images/..',
    'v1/images/%2e%2e/files',
    'v1/images%2Ffiles',
    'v1/images\\..\\files',
    'v1//images',
    '//v1/images',
    'v1/images/',
    'v1/images?x=1',
    'v1/images#x',
    'http://host/v1/images',
    'v1/images/\r\nhost: x',
  ])('does not serve %j', (path) => {
    expect(enginePath(path, allowed)).toBeUndefined();
  });

  it('lets nothing leave the allowed paths, whatever a URL parser makes of it', () => {
    const part = fc.constantFrom(
      'v1',
      'images',
      'models',
      '..',
      '.',
      '%2e%2e',
      '/',
      '\\',
      '?',
      '#',
      ':',
      '@',
    );
    const property = fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const below = enginePath(parts.join('/'), allowed);
      if (below === undefined) return;
      const { pathname } = new URL(`http://engine/v1/${below}`);
      expect(allowed.some((prefix) => pathname.startsWith(`/${prefix}`))).toBe(true);
    });
    fc.assert(property);
  });
});
