/** Who a connecting worker says that it is. All of it is a stranger's claim until it was admitted. */
export type ClaimedIdentity = Readonly<{
  username: string;
  providerName: string;
  clientId: string;
  registrationToken: string;
  advertisedEndpoint: string | null;
}>;

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Reads each part from the query first, then from the headers; the bearer token is the last resort. */
export function readIdentity(query: URLSearchParams, headers: Headers): ClaimedIdentity {
  const claimed = (name: string): string | undefined =>
    query.get(name) || headerText(headers[`x-coderai-${name.replaceAll('_', '-')}`]);
  const bearer = /^Bearer\s+(\S+)$/i.exec(headerText(headers.authorization) ?? '')?.[1];
  return {
    username: claimed('username') ?? '',
    providerName: claimed('provider_id') ?? '',
    clientId: claimed('client_id') ?? '',
    registrationToken: claimed('registration_token') ?? bearer ?? '',
    advertisedEndpoint: claimed('advertised_endpoint') ?? null,
  };
}

function headerText(value: string | readonly string[] | undefined): string | undefined {
  const text = typeof value === 'string' ? value : value?.[0];
  return text || undefined;
}

/** The user whose worker endpoint a path is (`global` for the operator's), and which of the two it is. */
export type ScopePath = Readonly<{ endpoint: 'socket' | 'register'; username: string }>;

const scopePath = /^\/api\/(?:u\/([^/]+)\/)?coderai\/(wss|register)\/?$/;

/** Finds the scope in a URL's path, below the prefix that a proxy may have added. Undefined for others. */
export function readScopePath(pathname: string, basePath: string): ScopePath | undefined {
  const path = pathname.startsWith(`${basePath}/`) ? pathname.slice(basePath.length) : pathname;
  const match = scopePath.exec(path);
  if (!match) return undefined;
  const username = match[1] === undefined ? 'global' : decoded(match[1]);
  if (username === undefined || (match[1] !== undefined && username === 'global')) return undefined;
  return { endpoint: match[2] === 'wss' ? 'socket' : 'register', username };
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    // Not percent-encoded text, so nobody's name.
    return undefined;
  }
}
