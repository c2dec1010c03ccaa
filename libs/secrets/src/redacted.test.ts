import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { redacted } from './redacted.js';

const secretText = fc.stringMatching(/^[\x21-\x7e]{12,60}$/);
const words = fc.stringMatching(/^[ .,]{0,12}$/);

const writings: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  'in JSON': (text) => JSON.stringify(text),
  'in JSON in JSON': (text) => JSON.stringify(JSON.stringify(text)),
  'in a path': encodeURIComponent,
  'in a query': (text) => new URLSearchParams({ token: text }).toString(),
  'in base64': (text) => Buffer.from(text).toString('base64'),
  'in base64url behind a name': (text) => Buffer.from(`user:${text}`).toString('base64url'),
  'as hex': (text) => Buffer.from(text).toString('hex'),
};

describe(redacted, () => {
  it.each(Object.entries(writings))('takes out a secret that is quoted %s', (_, write) => {
    const property = fc.property(secretText, words, words, (secret, before, after) => {
      const written = write(secret);
      const text = redacted(`${before}${written}${after}`, secret);
      expect(text).toContain('[redacted]');
      expect(text).not.toContain(secret);
      // At most the ends of an encoding, which other bytes decide too, are left.
      expect(text.replaceAll('[redacted]', '').length).toBeLessThan(
        before.length + after.length + (written.length > secret.length + 20 ? 24 : 12),
      );
    });
    fc.assert(property);
  });

  it('takes out a part of it that is long enough to be one', () => {
    const property = fc.property(secretText, fc.nat(), fc.nat(), (secret, from, length) => {
      const start = from % (secret.length - 8);
      const part = secret.slice(start, start + 8 + (length % (secret.length - start - 7)));
      expect(redacted(`< ${part} >`, secret)).toBe('< [redacted] >');
    });
    fc.assert(property);
  });

  it('leaves everything else as it is', () => {
    const property = fc.property(secretText, fc.string(), (secret, text) => {
      fc.pre(!text.includes(secret.slice(0, 1)));
      expect(redacted(text, '')).toBe(text);
      const said = redacted(`${text}|${secret}|${text}`, secret, '[credential]');
      expect(said).toBe(`${text}|[credential]|${text}`);
    });
    fc.assert(property, { numRuns: 50 });
    expect(redacted('The temperature is too high.', 'sk-0123456789')).toBe(
      'The temperature is too high.',
    );
  });

  it('takes out a short one as a whole', () => {
    expect(redacted('Key pw1 and cHcx', 'pw1')).toBe('Key [redacted] and cHcx');
  });
});
