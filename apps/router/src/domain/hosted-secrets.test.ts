import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type HostedSecrets,
  hasTemplate,
  hostedAccess,
  newSecrets,
  noSecrets,
  updatedSecrets,
} from './hosted-secrets.js';

const baseUrl = 'https://upstream.example/v1';
const secretsOf = (given: Partial<HostedSecrets>): HostedSecrets => ({ ...noSecrets, ...given });
const text = fc.string({ maxLength: 40 });
const names = fc.stringMatching(/^[a-z][a-z-]{0,12}$/);
const template = fc.dictionary(
  names,
  fc.oneof(
    text,
    text.map((part) => `${part}{credential}`),
  ),
  {
    maxKeys: 4,
  },
);
const someSecrets = fc.record({
  credential: fc.oneof(fc.constant(null), fc.string({ minLength: 1, maxLength: 40 })),
  headers: template,
  query: template,
});

describe(hostedAccess, () => {
  it('sends the credential as a bearer token, where nothing says otherwise', () => {
    expect(hostedAccess(baseUrl, secretsOf({ credential: 'sk-1' }))).toEqual({
      headers: { authorization: 'Bearer sk-1' },
      dialUrl: baseUrl,
    });
    expect(
      hostedAccess(baseUrl, secretsOf({ credential: 'sk-1', headers: { 'x-title': 'market' } })),
    ).toMatchObject({ headers: { authorization: 'Bearer sk-1', 'x-title': 'market' } });
    expect(hostedAccess(baseUrl, noSecrets)).toEqual({ headers: {}, dialUrl: baseUrl });
  });

  it('sends it as the template says, and then in no other way', () => {
    const azure = secretsOf({
      credential: 'sk-1',
      headers: { 'api-key': '{credential}' },
      query: { 'api-version': '2024-10-21' },
    });
    expect(hostedAccess('https://r.example/openai/deployments/gpt?a=1', azure)).toEqual({
      headers: { 'api-key': 'sk-1' },
      dialUrl: 'https://r.example/openai/deployments/gpt?a=1&api-version=2024-10-21',
    });
    const inQuery = secretsOf({ credential: 's&k/1', query: { key: '{credential}' } });
    expect(hostedAccess(baseUrl, inQuery)).toEqual({
      headers: {},
      dialUrl: `${baseUrl}?key=s%26k%2F1`,
    });
    const twice = secretsOf({
      credential: 'sk-1',
      headers: { authorization: 'Basic abc', 'x-api-key': 'k={credential}' },
    });
    expect(hostedAccess(baseUrl, twice).headers).toEqual({
      authorization: 'Basic abc',
      'x-api-key': 'k=sk-1',
    });
  });

  it('leaves out what names a credential that there is not', () => {
    const headers = { 'api-key': '{credential}', 'x-title': 'market' };
    expect(hostedAccess(baseUrl, secretsOf({ headers, query: { key: '{credential}' } }))).toEqual({
      headers: { 'x-title': 'market' },
      dialUrl: baseUrl,
    });
  });

  it('puts the credential in as it is, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (credential) => {
        const secrets = secretsOf({
          credential,
          headers: { a: '<{credential}>' },
          query: { a: '{credential}' },
        });
        const { headers, dialUrl } = hostedAccess(baseUrl, secrets);
        expect(headers).toEqual({ a: `<${credential}>` });
        expect(new URL(dialUrl).searchParams.get('a')).toBe(credential.toWellFormed());
        expect(new URL(dialUrl).origin).toBe('https://upstream.example');
      }),
    );
  });

  it('never leads to another server or path, whatever the parameters are', () => {
    fc.assert(
      fc.property(someSecrets, (secrets) => {
        const { origin, pathname } = new URL(hostedAccess(baseUrl, secrets).dialUrl);
        expect(origin + pathname).toBe(baseUrl);
      }),
    );
  });
});

describe(updatedSecrets, () => {
  const stored = (
    secrets: HostedSecrets | null,
    isTemplate = secrets !== null && hasTemplate(secrets),
  ) => ({
    ...{ baseUrl, secrets, isTemplate },
  });
  const code = (run: () => unknown): string | undefined => {
    try {
      run();
      return undefined;
    } catch (error) {
      return (error as { code?: string }).code;
    }
  };

  it('changes what is named and leaves the rest', () => {
    fc.assert(
      fc.property(someSecrets, template, text, (former, headers, credential) => {
        expect(updatedSecrets(stored(former), {})).toEqual(former);
        expect(updatedSecrets(stored(former), { headers })).toEqual({ ...former, headers });
        expect(updatedSecrets(stored(former), { credential })).toEqual({ ...former, credential });
        expect(updatedSecrets(stored(former), { credential: null }).credential).toBeNull();
        const path = `${baseUrl}/beta`;
        expect(updatedSecrets(stored(former), { baseUrl: path })).toEqual(former);
      }),
    );
  });

  it('carries nothing to another server that was not said for it', () => {
    fc.assert(
      fc.property(
        someSecrets,
        fc.record(
          { credential: fc.constant('new'), headers: template, query: template },
          { requiredKeys: [] },
        ),
        fc.constantFrom(
          'https://other.example/v1',
          'http://upstream.example/v1',
          'https://upstream.example:444/v1',
        ),
        (former, said, elsewhere) => {
          const update = { ...said, baseUrl: elsewhere };
          let next: HostedSecrets;
          try {
            next = updatedSecrets(stored(former), update);
          } catch (error) {
            expect(error).toMatchObject({ code: 'PROVIDER_SECRETS_NEEDED' });
            return;
          }
          expect(next).toEqual({ ...noSecrets, ...said });
          // Nothing was dropped in silence either.
          if (former.credential !== null) expect(said).toHaveProperty('credential');
          if (hasTemplate(former))
            expect(said).toMatchObject({ headers: said.headers, query: said.query });
        },
      ),
    );
    const elsewhere = 'https://other.example/v1';
    expect(
      code(() => updatedSecrets(stored(secretsOf({ credential: 'a' })), { baseUrl: elsewhere })),
    ).toBe('PROVIDER_SECRETS_NEEDED');
    expect(updatedSecrets(stored(noSecrets), { baseUrl: elsewhere })).toEqual(noSecrets);
  });

  it('wants all anew where what is stored cannot be read, so that nothing is lost unseen', () => {
    expect(updatedSecrets(stored(null), { credential: 'new' })).toEqual(
      secretsOf({ credential: 'new' }),
    );
    expect(code(() => updatedSecrets(stored(null), { headers: {} }))).toBe(
      'PROVIDER_SECRETS_UNREADABLE',
    );
    expect(code(() => updatedSecrets(stored(null, true), { credential: 'new' }))).toBe(
      'PROVIDER_SECRETS_UNREADABLE',
    );
    const all = { credential: 'new', headers: { a: 'b' }, query: {} };
    expect(updatedSecrets(stored(null, true), all)).toEqual(all);
  });

  it('takes no more than servers do', () => {
    const long = 'x'.repeat(8_000);
    const headers = { a: '{credential}' };
    expect(newSecrets(baseUrl, { credential: long, headers })).toMatchObject({ headers });
    const twice = { ...headers, b: '{credential}' };
    expect(code(() => newSecrets(baseUrl, { credential: long, headers: twice }))).toBe(
      'PROVIDER_CALL_TOO_LONG',
    );
    const query = { a: '{credential}' };
    expect(code(() => newSecrets(baseUrl, { credential: `${long}x`.repeat(2), query }))).toBe(
      'PROVIDER_CALL_TOO_LONG',
    );
    expect(code(() => newSecrets(baseUrl, { credential: 'ü'.repeat(2_000), query }))).toBe(
      'PROVIDER_CALL_TOO_LONG',
    );
  });

  it('keeps headers under their names in lower case', () => {
    expect(newSecrets(baseUrl, { headers: { 'X-Title': 'A' } }).headers).toEqual({
      'x-title': 'A',
    });
  });
});
