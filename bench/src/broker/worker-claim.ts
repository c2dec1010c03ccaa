/** Who a simulated worker says that it is. */
export type WorkerClaim = Readonly<{
  username: string;
  provider: string;
  clientId: string;
  registrationToken: string;
}>;

/**
 * What the workers connect to.
 *
 * - `broker`: the broker, in the dialect of today's CoderAI client
 * - `floor`: a bare `ws` server, which knows its sockets by their number and nothing else
 */
export type Peer = 'broker' | 'floor';

/** Where the worker with this number connects. */
export function socketUrl(origin: string, peer: Peer, claim: WorkerClaim, index: number): URL {
  const url = new URL(origin.replace(/^http/, 'ws'));
  if (peer === 'floor') {
    url.pathname = `/${index}`;
    return url;
  }
  url.pathname = `/api/u/${encodeURIComponent(claim.username)}/coderai/wss`;
  url.searchParams.set('provider_id', claim.provider);
  url.searchParams.set('client_id', claim.clientId);
  url.searchParams.set('username', claim.username);
  url.searchParams.set('registration_token', claim.registrationToken);
  return url;
}

/** Each address has some 28,000 ports to connect from, and a closed connection keeps its own for a minute. */
const addressCount = 16;

/** One of several addresses of this machine, so that thousands of workers do not run out of ports. */
export function ownAddress(index: number): string {
  return `127.0.0.${2 + (index % addressCount)}`;
}
