import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Envelope, openEnvelope, rewrapEnvelope, sealEnvelope } from './envelope.js';
import { type KeyRing, parseKeyRing } from './key-ring.js';

const encoded = (bytes = randomBytes(32)) => bytes.toString('base64');

function ring(...entries: readonly string[]): KeyRing {
  const keys = parseKeyRing(entries.join(','));
  if (!('current' in keys)) throw new Error(keys.join('\n'));
  return keys;
}

const [former, current] = [`former:${encoded()}`, `current:${encoded()}`];
const formerOnly = ring(former);
const both = ring(current, former);
const currentOnly = ring(current);

const plain = fc.record({ bytes: fc.uint8Array({ maxLength: 200 }), context: fc.string() });

describe(openEnvelope, () => {
  it('gives back what was sealed, for its context only, with its key only', () => {
    const property = fc.property(plain, fc.string(), ({ bytes, context }, other) => {
      fc.pre(context !== other);
      const envelope = sealEnvelope({ bytes, context }, formerOnly);
      expect(openEnvelope(envelope, context, formerOnly)).toEqual(Buffer.from(bytes));
      expect(openEnvelope(envelope, context, both)).toEqual(Buffer.from(bytes));
      expect(openEnvelope(envelope, other, both)).toBe('mismatched');
      expect(openEnvelope(envelope, context, currentOnly)).toBe('key_unknown');
      expect(openEnvelope({ ...envelope, keyId: 'current' }, context, both)).toBe('mismatched');
      expect(openEnvelope(envelope, context, ring(`former:${encoded()}`))).toBe('mismatched');
    });
    fc.assert(property);
  });

  it('gives nothing of what was changed in any byte, or cut off', () => {
    const part = fc.constantFrom('wrappedKey' as const, 'ciphertext' as const);
    const by = fc.integer({ min: 1, max: 255 });
    const property = fc.property(plain, part, fc.nat(), by, ({ bytes, context }, name, at, add) => {
      const envelope = sealEnvelope({ bytes, context }, formerOnly);
      const changed = Uint8Array.from(envelope[name]);
      const index = at % changed.length;
      changed[index] = ((changed[index] ?? 0) + add) % 256;
      const cut = changed.subarray(0, index);
      for (const spoiled of [changed, cut]) {
        expect(openEnvelope({ ...envelope, [name]: spoiled }, context, both)).toBe('mismatched');
      }
      const rewrapped = rewrapEnvelope({ ...envelope, [name]: changed }, context, both);
      // Re-wrapping does not look at the bytes; whoever opens it does.
      if (name === 'wrappedKey') expect(rewrapped).toBe('mismatched');
      else expect(openEnvelope(rewrapped as Envelope, context, both)).toBe('mismatched');
    });
    fc.assert(property);
  });

  it('opens nothing that was put together from two envelopes', () => {
    const context = 'the same';
    const seal = () => sealEnvelope({ bytes: Buffer.from('text'), context }, both);
    const mixed = { ...seal(), wrappedKey: seal().wrappedKey };
    expect(openEnvelope(mixed, context, both)).toBe('mismatched');
  });

  it('shows nothing of the text, and never the same twice', () => {
    const bytes = Buffer.from('sk-a-credential');
    const [one, two] = [0, 1].map(() => sealEnvelope({ bytes, context: 'x' }, both));
    for (const name of ['wrappedKey', 'ciphertext'] as const) {
      expect(Buffer.from(one?.[name] ?? []).includes(bytes)).toBe(false);
      expect(one?.[name]).not.toEqual(two?.[name]);
    }
  });
});

describe(rewrapEnvelope, () => {
  it('keeps the text and its ciphertext, and needs the former key no more', () => {
    const property = fc.property(plain, ({ bytes, context }) => {
      const envelope = sealEnvelope({ bytes, context }, formerOnly);
      const rewrapped = rewrapEnvelope(envelope, context, both) as Envelope;
      expect(rewrapped).toMatchObject({ keyId: 'current', ciphertext: envelope.ciphertext });
      expect(openEnvelope(rewrapped, context, currentOnly)).toEqual(Buffer.from(bytes));
      expect(openEnvelope(rewrapped, context, formerOnly)).toBe('key_unknown');
    });
    fc.assert(property);
  });

  it('does nothing for another context, or without the key', () => {
    const property = fc.property(plain, fc.string(), ({ bytes, context }, other) => {
      fc.pre(context !== other);
      const envelope = sealEnvelope({ bytes, context }, formerOnly);
      expect(rewrapEnvelope(envelope, other, both)).toBe('mismatched');
      expect(rewrapEnvelope(envelope, context, currentOnly)).toBe('key_unknown');
    });
    fc.assert(property);
  });
});
