import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Canary, CanarySearch } from './canary.js';

const secretText = fc.stringMatching(/^[\x20-\x7e]{24,80}$/);
const noise = fc.string({ maxLength: 9 });
const searchFor = (text: string) => new CanarySearch([{ name: 'it', text }]);

const writings: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  'in JSON': (text) => JSON.stringify({ deep: [text] }),
  'in JSON in JSON': (text) => JSON.stringify({ line: JSON.stringify({ text }) }),
  'in JSON with escaped slashes': (text) => text.replaceAll('/', '\\/'),
  'in a path': (text) => `/x/${encodeURIComponent(text)}/y`,
  'in a query': (text) => new URLSearchParams({ token: text }).toString(),
  'in base64': (text) => Buffer.from(text).toString('base64'),
  'in base64url': (text) => Buffer.from(text).toString('base64url'),
  'as hex': (text) => Buffer.from(text).toString('hex'),
};

describe(CanarySearch, () => {
  it.each(Object.entries(writings))('finds a secret %s, whatever stands around it', (_, write) => {
    const property = fc.property(secretText, noise, noise, (text, before, after) => {
      const said = write(before + text + after);
      expect(searchFor(text).inText('somewhere', said)).not.toEqual([]);
    });
    fc.assert(property);
  });

  it('finds a secret of which two thirds were cut off', () => {
    const property = fc.property(secretText, fc.nat(), (text, seed) => {
      fc.pre(text.length >= 36);
      const length = 23;
      const from = seed % (text.length - length + 1);
      const part = text.slice(from, from + length);
      expect(searchFor(text).inText('somewhere', part)).not.toEqual([]);
      expect(searchFor(text).inBytes('somewhere', Buffer.from(`\0${part}\0`))).not.toEqual([]);
    });
    fc.assert(property);
  });

  it('finds nothing where nothing is, nor what is expected there', () => {
    const canaries: readonly Canary[] = [
      { name: 'one', text: 'a secret that nobody has' },
      { name: 'two', text: 'words, more words and others' },
    ];
    const search = new CanarySearch(canaries);
    expect(search.inText('somewhere', 'a secretary has more words')).toEqual([]);
    const said = 'it was: words, more words and others';
    expect(search.inText('somewhere', said, ['two'])).toEqual([]);
    expect(search.inText('somewhere', said)[0]).toMatchObject({ canary: 'two', around: said });
  });
});
