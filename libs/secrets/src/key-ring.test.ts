import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseKeyRing } from './key-ring.js';

const newKey = () => randomBytes(32).toString('base64');
const [one, two] = [newKey(), newKey()];
const id = fc.stringMatching(/^[A-Za-z0-9._-]{1,32}$/);

describe(parseKeyRing, () => {
  it('reads any keys by their ids, and takes the first as the current one', () => {
    const keys = fc.uniqueArray(fc.tuple(id, fc.uint8Array({ minLength: 32, maxLength: 32 })), {
      minLength: 1,
      maxLength: 16,
      selector: ([name, bytes]) => `${name} ${bytes}`,
      comparator: (a, b) =>
        a.split(' ')[0] === b.split(' ')[0] || a.split(' ')[1] === b.split(' ')[1],
    });
    const property = fc.property(keys, (named) => {
      const entries = named.map(([name, bytes]) => [name, Buffer.from(bytes)] as const);
      const ring = parseKeyRing(
        entries.map(([name, bytes]) => `${name}:${bytes.toString('base64')}`).join(','),
      );
      if (!('current' in ring)) throw new Error(ring.join('\n'));
      expect([...ring.byId].map(([name, key]) => [name, key.export()])).toEqual(entries);
      expect(ring.current.id).toBe(entries[0]?.[0]);
      expect(ring.byId.get(ring.current.id)).toBe(ring.current.key);
    });
    fc.assert(property);
  });

  it.each([
    ['nothing', '', ['entry 1 must read id:key']],
    ['a key without an id', one, ['entry 1 must read id:key']],
    ['an empty id', `:${one}`, [expect.stringContaining('the id of entry 1')]],
    ['an id with a space', `a b:${one}`, [expect.stringContaining('the id of entry 1')]],
    ['a key in place of an id', `${one}:${two}`, [expect.stringContaining('the id of entry 1')]],
    ['a short key', 'a:c2hvcnQ=', ['the key of entry 1 must be 32 bytes as base64']],
    [
      'a long key',
      `a:${randomBytes(33).toString('base64')}`,
      [expect.stringContaining('32 bytes')],
    ],
    ['no base64', `a:${'*'.repeat(43)}=`, ['the key of entry 1 must be 32 bytes as base64']],
    ['an entry too many', `a:${one},`, ['entry 2 must read id:key']],
    ['an id twice', `a:${one},a:${two}`, ['the id "a" stands for more than one key']],
    ['a key twice', `a:${one},b:${one}`, ['the ids "a" and "b" stand for the same key']],
    [
      'two mistakes',
      `a:x,${one}`,
      [expect.stringContaining('entry 1'), expect.stringContaining('entry 2')],
    ],
    [
      'too many',
      Array.from({ length: 17 }, (_, index) => `k${index}:${newKey()}`).join(),
      ['must not hold more than 16 keys'],
    ],
  ])('refuses %s, and says so', (_what, text, mistakes) => {
    expect(parseKeyRing(text)).toEqual(mistakes);
  });

  it('never shows a key in what it says of mistakes', () => {
    const junk = fc.array(fc.constantFrom(one, two, ':', ',', 'a', ' ', '='), { maxLength: 8 });
    const property = fc.property(junk, (parts) => {
      const ring = parseKeyRing(parts.join(''));
      const words = 'current' in ring ? '' : ring.join('\n');
      expect(words).not.toContain(one.slice(0, 12));
      expect(words).not.toContain(two.slice(0, 12));
    });
    fc.assert(property);
  });
});
