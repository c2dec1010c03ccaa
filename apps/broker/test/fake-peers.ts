import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import {
  type AdmitWorker,
  type CheckedWorkers,
  type CheckWorkers,
  internalPaths,
  type RegistrationRevoked,
  type WorkerVerdict,
} from '@aisbf/contracts';
import { createSecretToken } from '@aisbf/secrets';
import { listenOnLoopback, textOf } from '@aisbf/testkit';

export type KnownProvider = Readonly<{
  providerId: string;
  ownerId: string;
  username: string;
  providerName: string;
  registrationToken: string;
  clientIds: readonly string[] | null;
}>;

export const sellerProvider: KnownProvider = {
  providerId: '11111111-1111-4111-8111-111111111111',
  ownerId: '22222222-2222-4222-8222-222222222222',
  username: 'seller',
  providerName: 'rig',
  registrationToken: 'reg_right',
  clientIds: ['client-1', 'client-2'],
};
/** The same names as the seller's, of somebody else. */
export const otherProvider: KnownProvider = {
  ...sellerProvider,
  providerId: '33333333-3333-4333-8333-333333333333',
  ownerId: '44444444-4444-4444-8444-444444444444',
  username: 'other',
  registrationToken: 'reg_other',
};

/** Any worker may come to it. */
export const openProvider: KnownProvider = {
  providerId: '77777777-7777-4777-8777-777777777777',
  ownerId: '88888888-8888-4888-8888-888888888888',
  username: 'open.shop',
  providerName: 'yard',
  registrationToken: 'reg_open',
  clientIds: null,
};
/** The operator's own. */
export const globalProvider: KnownProvider = {
  ...openProvider,
  providerId: '99999999-9999-4999-8999-999999999999',
  ownerId: 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa',
  username: 'global',
  registrationToken: 'reg_global',
};
const knownProviders = [sellerProvider, otherProvider, openProvider, globalProvider];

/** API tokens by who calls with them. */
export const apiTokens = {
  seller: createSecretToken('aisbf').text,
  sellerBuying: createSecretToken('aisbf').text,
  other: createSecretToken('aisbf').text,
  operator: createSecretToken('aisbf').text,
};

const principals: Readonly<Record<string, object>> = {
  [apiTokens.seller]: principal('seller', sellerProvider.ownerId, 'member', ['manage']),
  [apiTokens.sellerBuying]: principal('seller', sellerProvider.ownerId, 'member', ['inference']),
  [apiTokens.other]: principal('other', otherProvider.ownerId, 'member', ['manage']),
  [apiTokens.operator]: principal('root', randomUUID(), 'operator', ['manage']),
};

function principal(username: string, ownerId: string, role: string, scopes: readonly string[]) {
  return {
    userId: randomUUID(),
    apiTokenId: randomUUID(),
    sessionId: null,
    expiresAtMs: null,
    rules: { routes: [], models: [], addresses: [] },
    ownerId,
    username,
    role,
    scopes,
    limits: { requestsPerMinuteMax: 100, tokensPerMinuteMax: 1000, concurrencyMax: 10 },
  };
}

export type FakePeers = {
  readonly url: string;
  /** How often the router was asked. */
  readonly asked: () => number;
  /** The workers of each check, as the router was asked. */
  readonly checks: readonly CheckWorkers[];
  /** What has ended since, of workers that were let in; whoever asks is told. */
  readonly ended: RegistrationRevoked[];
  /** Whether the router cannot say who may stay. */
  isAway: boolean;
  readonly close: () => Promise<void>;
};

/** Router and accounts as the broker sees them: one server that decides as they would. */
export async function startFakePeers(): Promise<FakePeers> {
  let asked = 0;
  const checks: CheckWorkers[] = [];
  const ended: RegistrationRevoked[] = [];
  const answerTo = (path: string | undefined, body: unknown): object | undefined => {
    if (path === internalPaths.routerCheckWorkers) {
      checks.push(body as CheckWorkers);
      return { type: 'checked-workers', ended } satisfies CheckedWorkers;
    }
    if (path !== internalPaths.routerAdmitWorker) return accountsSays(path, body);
    asked += 1;
    return verdictOn(body as AdmitWorker);
  };
  const server = createServer((request, response) => {
    void textOf(request).then((text) => {
      const body: unknown = JSON.parse(text);
      const isCheck = request.url === internalPaths.routerCheckWorkers;
      if (isCheck && peers.isAway) return response.destroy();
      const found = answerTo(request.url, body);
      response.writeHead(found ? 200 : 401, { 'content-type': 'application/json' });
      return response.end(JSON.stringify(found ?? unknownToken));
    });
  });
  const { url, stop } = await listenOnLoopback(server);
  const peers: FakePeers = {
    url,
    asked: () => asked,
    checks,
    ended,
    isAway: false,
    close: stop,
  };
  return peers;
}

const unknownToken = {
  fault: { code: 'API_TOKEN_INVALID', kind: 'unauthenticated', message: 'Unknown.', details: {} },
};

function accountsSays(path: string | undefined, body: unknown): object | undefined {
  if (path === internalPaths.accountsRenewAccess) {
    return { revision: 0, changes: [], isComplete: true };
  }
  if (path === internalPaths.accountsLeaveAccess) return {};
  return principals[(body as { apiToken: string }).apiToken];
}

export function verdictOn(claim: AdmitWorker): WorkerVerdict {
  const provider = knownProviders.find(
    ({ username, providerName }) =>
      username === claim.pathUsername && providerName === claim.providerName,
  );
  const refused = (reason: string, httpStatus: 401 | 403): WorkerVerdict =>
    ({
      type: 'worker-refused',
      httpStatus,
      reason,
      providerId: provider?.providerId ?? null,
    }) as WorkerVerdict;
  if (!provider) return refused('unknown_provider', 401);
  if (claim.registrationToken !== provider.registrationToken) return refused('wrong_token', 401);
  if (claim.username !== provider.username) return refused('username_mismatch', 403);
  if (claim.clientId === '') return refused('client_missing', 403);
  if (provider.clientIds && !provider.clientIds.includes(claim.clientId)) {
    return refused('client_not_allowed', 403);
  }
  const { providerId, providerName, ownerId, username } = provider;
  const { clientId } = claim;
  return { type: 'worker-admitted', providerId, providerName, ownerId, username, clientId };
}
