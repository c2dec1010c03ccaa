import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readIdentity, readScopePath } from './identity.js';

describe(readIdentity, () => {
  const query = new URLSearchParams('provider_id=p&client_id=c&username=u&registration_token=t');

  it('prefers the query, then the headers, then the bearer token', () => {
    const headers = {
      'x-coderai-provider-id': 'hp',
      'x-coderai-client-id': 'hc',
      'x-coderai-username': 'hu',
      'x-coderai-registration-token': 'ht',
      authorization: 'Bearer bt',
    };
    expect(readIdentity(query, headers)).toMatchObject({
      providerName: 'p',
      registrationToken: 't',
    });
    const none = new URLSearchParams();
    expect(readIdentity(none, headers)).toMatchObject({ clientId: 'hc', registrationToken: 'ht' });
    const { authorization } = headers;
    expect(readIdentity(none, { authorization })).toMatchObject({
      username: '',
      registrationToken: 'bt',
    });
  });
});

describe(readScopePath, () => {
  it.each([
    ['/api/coderai/wss', 'socket', 'global'],
    ['/api/u/ann/coderai/wss', 'socket', 'ann'],
    ['/base/api/u/a%20b%2Fc/coderai/register', 'register', 'a b/c'],
  ])('knows %s', (path, endpoint, username) => {
    expect(readScopePath(path, '/base')).toEqual({ endpoint, username });
  });

  it.each([
    '/api/u/global/coderai/wss',
    '/api/u//coderai/wss',
    '/api/u/%E0%A4%A/coderai/wss',
    '/x',
  ])('does not know %s', (path) => {
    expect(readScopePath(path, '')).toBeUndefined();
  });

  it('gives any name back that was percent-encoded, and never throws', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string(), (username, junk) => {
        readScopePath(junk, '');
        fc.pre(username !== 'global' && username.isWellFormed());
        const path = `/api/u/${encodeURIComponent(username)}/coderai/wss`;
        expect(readScopePath(path, '')?.username).toBe(username);
      }),
    );
  });
});
