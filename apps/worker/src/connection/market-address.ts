/** Who this worker is; checked by the market as a whole. */
export type Identity = Readonly<{
  username: string;
  providerId: string;
  clientId: string;
  registrationToken: string;
  /** Where the market's socket is, if not in the usual place. */
  marketPath?: string | undefined;
  /** Told to the market for its information. */
  advertisedEndpoint?: string | undefined;
}>;

export type MarketAddress = Readonly<{
  /** With the registration token in its query: never to be shown. */
  url: URL;
  headers: Readonly<Record<string, string>>;
  /** The same place without any secret. */
  shownUrl: string;
}>;

/**
 * Where to connect, and as whom. The identity goes into the query and into headers alike, because there
 * are proxies that drop either.
 */
export function marketAddress(marketUrl: string, identity: Identity): MarketAddress {
  const { username, providerId, clientId, registrationToken, advertisedEndpoint } = identity;
  const url = new URL(marketUrl);
  url.protocol = url.protocol.replace(/^http/, 'ws');
  url.pathname = socketPath(url.pathname, identity);
  const shownUrl = url.href;
  url.searchParams.set('provider_id', providerId);
  url.searchParams.set('client_id', clientId);
  url.searchParams.set('username', username);
  url.searchParams.set('registration_token', registrationToken);
  return {
    url,
    shownUrl,
    headers: {
      'x-coderai-provider-id': encodeHeader(providerId),
      'x-coderai-client-id': encodeHeader(clientId),
      'x-coderai-username': encodeHeader(username),
      'x-coderai-registration-token': registrationToken,
      authorization: `Bearer ${registrationToken}`,
      ...(advertisedEndpoint !== undefined && {
        'x-coderai-advertised-endpoint': advertisedEndpoint,
      }),
    },
  };
}

/** Below the base path; a base that ends in `/api` already holds the beginning of the socket's path. */
function socketPath(basePath: string, { username, marketPath }: Identity): string {
  const usual =
    username === 'global'
      ? '/api/coderai/wss'
      : `/api/u/${encodeURIComponent(username)}/coderai/wss`;
  const path = marketPath === undefined ? usual : `/${marketPath.replace(/^\//, '')}`;
  const base = basePath.replace(/\/+$/, '');
  const isDoubled = base.endsWith('/api') && path.startsWith('/api/');
  return (isDoubled ? base.slice(0, -'/api'.length) : base) + path;
}

/** Headers hold ASCII only; the query, which is read first, holds the name as it is. */
function encodeHeader(text: string): string {
  return /^[\x20-\x7E]*$/.test(text) ? text : encodeURIComponent(text);
}
