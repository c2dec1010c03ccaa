import { describe, expect, it } from '@jest/globals';
import { marketAddress } from './market-address.js';

const identity = { username: 'ann', providerId: 'box', clientId: 'c', registrationToken: 's3cret' };

describe(marketAddress, () => {
  it('turns http into ws and https into wss, and keeps a base path', () => {
    expect(marketAddress('http://x:81', identity).shownUrl).toBe('ws://x:81/api/u/ann/coderai/wss');
    const below = marketAddress('https://x/shop/', { ...identity, username: 'global' });
    expect(below.shownUrl).toBe('wss://x/shop/api/coderai/wss');
  });

  it('goes where the seller says, and says no `api` twice', () => {
    const { shownUrl } = marketAddress('https://x/shop', { ...identity, marketPath: 'sock/et' });
    expect(shownUrl).toBe('wss://x/shop/sock/et');
    const doubled = marketAddress('https://x/shop/api/', identity);
    expect(doubled.shownUrl).toBe('wss://x/shop/api/u/ann/coderai/wss');
  });

  it('tells an advertised endpoint only where there is one', () => {
    const name = 'x-coderai-advertised-endpoint';
    expect(marketAddress('wss://x', identity).headers).not.toHaveProperty(name);
    const told = marketAddress('wss://x', { ...identity, advertisedEndpoint: 'http://me:8776' });
    expect(told.headers[name]).toBe('http://me:8776');
  });

  it('keeps the secret out of what is shown', () => {
    const { shownUrl, url } = marketAddress('wss://x', identity);
    expect(shownUrl).not.toContain('s3cret');
    expect(url.searchParams.get('registration_token')).toBe('s3cret');
  });

  it('encodes names that are no plain text', () => {
    const { url, headers } = marketAddress('wss://x', { ...identity, username: 'Jörg/Ä b' });
    expect(url.pathname).toBe('/api/u/J%C3%B6rg%2F%C3%84%20b/coderai/wss');
    expect(url.searchParams.get('username')).toBe('Jörg/Ä b');
    expect(headers['x-coderai-username']).toBe('J%C3%B6rg%2F%C3%84%20b');
  });
});
