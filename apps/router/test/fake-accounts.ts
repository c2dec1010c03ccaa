import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import {
  type AccessChange,
  type AccessRenewed,
  Authorise,
  type FaultBody,
  GetOwner,
  Identify,
  internalPaths,
  NoteSelections,
  type Principal,
  RecordAct,
  RenewAccess,
  type SelectionNote,
} from '@aisbf/contracts';
import { createSecretToken } from '@aisbf/secrets';
import { listenOnLoopback, textOf } from '@aisbf/testkit';

const fault = (kind: FaultBody['kind'], code: string): { fault: FaultBody } => ({
  fault: { code, kind, message: 'as the test wants it', details: {} },
});

type BuyingPrincipal = Principal & { apiTokenId: string };

/** Accounts as the router sees them: a few principals, and a wallet that says yes until told otherwise. */
export async function startFakeAccounts() {
  const principals = new Map<string, Principal>();
  const changes: AccessChange[] = [];
  const state = {
    authorised: [] as Authorise[],
    identified: 0,
    refusal: undefined as { fault: FaultBody } | undefined,
    acts: [] as RecordAct[],
    noted: [] as SelectionNote[],
    /** `away`: no act is heard. `mute`: it is, and the answer gets lost. */
    actTrouble: undefined as 'away' | 'mute' | undefined,
  };

  const answer = (path: string, body: unknown): [status: number, value: unknown] => {
    if (path === internalPaths.accountsIdentify) {
      state.identified += 1;
      const principal = principals.get(Identify.parse(body).apiToken);
      return principal ? [200, principal] : [401, fault('unauthenticated', 'API_TOKEN_INVALID')];
    }
    if (path === internalPaths.accountsOwner) {
      const { username } = GetOwner.parse(body);
      const found = [...principals.values()].find((one) => one.username === username);
      return found
        ? [200, { ownerId: found.ownerId, username }]
        : [404, fault('missing', 'OWNER_NOT_FOUND')];
    }
    // No lease here: each request asks, so that a test sees it.
    if (path === internalPaths.accountsOpenLease) {
      return [200, { result: 'declined', issuedMax: '0', slots: 0, settledCount: 0 }];
    }
    const order = Authorise.parse(body);
    if (state.refusal) return [402, state.refusal];
    state.authorised.push(order);
    const { requestId, amount } = order;
    return [200, { requestId, holdEpoch: 1, amount, isReplay: false }];
  };

  const noteAnswer = (body: unknown): [status: number, value: unknown] => {
    state.noted.push(...NoteSelections.parse(body).notes);
    return [200, {}];
  };

  const recordAnswer = (body: unknown): [status: number, value: unknown] => {
    if (state.actTrouble !== 'away') state.acts.push(RecordAct.parse(body));
    return state.actTrouble ? [503, fault('unavailable', 'AWAY')] : [200, {}];
  };

  const told: Readonly<Record<string, typeof noteAnswer>> = {
    [internalPaths.accountsRecordAct]: recordAnswer,
    [internalPaths.accountsNoteSelections]: noteAnswer,
  };

  const server = createServer(async (request, response) => {
    const [path, body] = [request.url ?? '', JSON.parse(await textOf(request)) as unknown];
    const [status, value] =
      told[path]?.(body) ?? accessAnswer(changes, path, body) ?? answer(path, body);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  });
  const { url, stop } = await listenOnLoopback(server);

  return {
    url,
    state,
    refuse: (kind: FaultBody['kind'], code: string) => {
      state.refusal = fault(kind, code);
    },
    /** Makes an API token and whom it stands for. */
    token: (username: string, differences: Partial<BuyingPrincipal> = {}) => {
      const ownerId =
        [...principals.values()].find((one) => one.username === username)?.ownerId ?? randomUUID();
      const principal = { ...somebody(username), ownerId, ...differences };
      const apiToken = createSecretToken('aisbf').text;
      principals.set(apiToken, principal);
      return { apiToken, principal };
    },
    /** From now on the token is unknown; those who remember it hear of it when they ask next. */
    revoke: (apiToken: string) => {
      const subject = principals.get(apiToken)?.apiTokenId;
      if (subject) changes.push({ revision: changes.length + 1, subject });
      return principals.delete(apiToken);
    },
    close: stop,
  };
}

function somebody(username: string): Omit<BuyingPrincipal, 'ownerId'> {
  return {
    userId: randomUUID(),
    apiTokenId: randomUUID(),
    sessionId: null,
    username,
    role: username === 'global' ? 'operator' : 'member',
    scopes: ['inference', 'manage'],
    limits: { requestsPerMinuteMax: 10_000, tokensPerMinuteMax: 10_000_000, concurrencyMax: 8 },
    rules: { routes: [], models: [], addresses: [] },
    expiresAtMs: null,
  };
}

/** To those who remember callers. */
function accessAnswer(
  changes: readonly AccessChange[],
  path: string,
  body: unknown,
): [status: number, value: unknown] | undefined {
  if (path === internalPaths.accountsRenewAccess) return [200, changesSince(changes, body)];
  return path === internalPaths.accountsLeaveAccess ? [200, {}] : undefined;
}

function changesSince(changes: readonly AccessChange[], body: unknown): AccessRenewed {
  const since = RenewAccess.parse(body).revision;
  const isComplete = since !== null;
  const news = isComplete ? changes.slice(since) : [];
  return { revision: changes.length, changes: news, isComplete };
}
