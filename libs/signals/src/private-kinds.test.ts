import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isIban, luhn } from './checksum.js';
import { privateKinds } from './private-kinds.js';

/** Not a key of anybody: letters and digits as a generator gives them. */
const random = 'a8Kd03jQzP7mX2vB9tLw4RsY';

describe(privateKinds, () => {
  it.each([
    ['private_key', '-----BEGIN RSA PRIVATE KEY-----\nMII'],
    ['private_key', 'text -----BEGIN CERTIFICATE-----\nx\n-----BEGIN PRIVATE KEY-----'],
    ['private_key', 'PuTTY-User-Key-File-3: ssh-ed25519'],
    ['api_key', `key ${'sk'}-proj-${random}`],
    ['api_key', `${'gh'}p_${random}abcd`],
    ['api_key', `"${'AK'}IA${'QYLPMN5HHHFPZAM2'}"`],
    ['api_key', random],
    ['api_key', 'password: hunter2x'],
    ['api_key', 'API_KEY=abc123def'],
    ['api_key', `{"access_token": "4f5e6d7c8b9a"}`],
    ['api_key', 'Authorization: Bearer abcdef123456'],
    ['api_key', 'postgres://admin:pa55@db.internal/main'],
    ['email', 'write to jo.doe+x@mail.example.org, please'],
    ['email', 'jörg@example.de'],
    ['phone', 'call +49 30 1234567'],
    ['phone', 'call (415) 555-2671 now'],
    ['phone', 'Tel. 0171/1234567'],
    ['iban', 'DE89 3704 0044 0532 0130 00'],
    ['iban', 'pay to GB82WEST12345698765432.'],
    ['card', '4111 1111 1111 1111'],
    ['card', 'my card is 5555555555554444'],
    ['card', '3782-822463-10005'],
    ['card', '1 2 3 4 5 6 7 8 9 10 11 12 13 14 4111 1111 1111 1111'],
    ['national_id', 'ssn 536-22-8710'],
    ['national_id', 'DNI 12345678Z'],
    ['national_id', 'NIE X1234567L'],
    ['national_id', 'RSSMRA85T10A562S'],
    ['national_id', 'PESEL 44051401359'],
    ['national_id', 'CPF 529.982.247-25'],
    ['national_id', '1 85 05 78 006 084 91'],
    ['national_id', '11010519491231002X'],
    ['national_id', '811228-9874'],
  ])('finds %s in: %s', (kind, text) => {
    expect(privateKinds([text])).toContain(kind);
    expect(privateKinds([`before\n${text}\nafter`])).toContain(kind);
  });

  it.each([
    'The year 2024-01-02 had 365 days, and 3.14159265358979 is no number of a person.',
    'Version 1.2.3.4 of sk-learn-for-beginners-2024 runs on 192.168.0.1:8080',
    'convertBase64ToUtf8StringValue(inputBuffer2, outputBuffer2)',
    '550e8400-e29b-41d4-a716-446655440000',
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'max_tokens: 64000, tokenizer = gpt2tokenizer, password: string',
    'an @mention, a@b, user@localhost, @@@ and 5 @ 3',
    'DE89 3704 0044 0532 0130 01',
    '4111 1111 1111 1112',
    'DNI 12345678A, PESEL 44051401358, CPF 529.982.247-24',
    'ssn 000-12-3456',
    '-----BEGIN CERTIFICATE-----',
    '1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20',
    '+1',
  ])('finds nothing in: %s', (text) => {
    expect(privateKinds([text])).toEqual([]);
  });

  it('finds every card and every IBAN wherever it stands', () => {
    const words = fc
      .array(fc.constantFrom('we', 'paid', 'with', '12', ':', '(', 'on', '7.50'))
      .map((all) => all.join(' '));
    const card = fc
      .integer({ min: 0, max: 9_999_999_999 })
      .map((n) => withLuhn(`4${String(n).padStart(14, '0')}`));
    const iban = fc
      .integer({ min: 0, max: 999_999_999 })
      .map((n) => withCheck('DE', String(n).padStart(18, '3')));
    fc.assert(
      fc.property(words, card, iban, fc.boolean(), (before, number, account, isSpaced) => {
        const inFours = (text: string) => (isSpaced ? text.replace(/(.{4})(?=.)/g, '$1 ') : text);
        expect(privateKinds([`${before}. ${inFours(number)}`])).toContain('card');
        expect(privateKinds([`${before} ${inFours(account)} ok`])).toContain('iban');
      }),
    );
  });

  it('comes to an end with the worst texts of full length', () => {
    const units = [
      'a@',
      '@',
      '1 ',
      '1',
      '-----BEGIN ',
      '://a:',
      '1-(',
      'token=a1 ',
      'DE89 ',
      'a@a.a.',
      '4111 ',
      '"',
      'Bearer ',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...units), { minLength: 1, maxLength: 6 }), (parts) => {
        const unit = parts.join('');
        // Whatever takes longer than in proportion takes minutes here; how long it takes is the bench's matter.
        expect(privateKinds([unit.repeat(Math.ceil(160_000 / unit.length))])).toBeDefined();
      }),
      { numRuns: 40 },
    );
  });
});

function withLuhn(fifteen: string): string {
  return (
    '0123456789'
      .split('')
      .map((digit) => fifteen + digit)
      .find(luhn) ?? ''
  );
}

function withCheck(country: string, rest: string): string {
  const all = Array.from(
    { length: 97 },
    (_, n) => `${country}${String(n + 2).padStart(2, '0')}${rest}`,
  );
  return all.find(isIban) ?? '';
}
