import type { AdmitWorker, RefusalReason, WorkerVerdict } from '@aisbf/contracts';
import { type Catalogue, labelOf, type Provider } from './catalogue.js';
import { type Registration, registrationState } from './registration.js';

type Surroundings = Readonly<{
  /** Compares a stranger's registration token with a stored hash, in constant time. */
  isTokenOf: (registrationToken: string, hash: string) => boolean;
  nowMs: number;
}>;

/**
 * Whether a worker may connect: path, username, provider, token and client id must all agree with one
 * provider. The token is checked before anything that only its holder may learn.
 */
export function workerVerdict(
  claim: AdmitWorker,
  catalogue: Catalogue,
  { isTokenOf, nowMs }: Surroundings,
): WorkerVerdict {
  const provider = catalogue.providerByLabel.get(
    labelOf({ username: claim.pathUsername, name: claim.providerName }),
  );
  if (!provider) return unknownProvider(claim, catalogue, { isTokenOf, nowMs });
  const { source } = provider;
  if (source.kind !== 'coderai') return refused(401, 'not_a_worker_provider', provider);
  const registration = source.registrations.find(isShown(claim, isTokenOf));
  if (!registration) return refused(401, 'wrong_token', provider);
  const state = registrationState(registration, nowMs);
  if (state !== 'valid') return refused(401, `token_${state}`, provider);
  if (claim.username !== provider.username) return refused(403, 'username_mismatch', provider);
  if (!provider.isEnabled) return refused(403, 'provider_disabled', provider);
  if (claim.clientId === '') return refused(403, 'client_missing', provider);
  const isKnownClient =
    source.clientIds?.has(claim.clientId) ?? claim.clientId.length <= clientIdMax;
  if (!isKnownClient) return refused(403, 'client_not_allowed', provider);
  return {
    type: 'worker-admitted',
    providerId: provider.id,
    providerName: provider.name,
    ownerId: provider.ownerId,
    username: provider.username,
    clientId: claim.clientId,
    registrationId: registration.id,
  };
}

/** Whether the token that was shown is that of this registration. */
function isShown({ registrationToken }: AdmitWorker, isTokenOf: Surroundings['isTokenOf']) {
  return ({ tokenHash }: Registration) => isTokenOf(registrationToken, tokenHash);
}

/** The longest client id that a session is kept under. */
const clientIdMax = 128;

/** A worker that knows the token but came to another owner's address is told apart from a stranger. */
function unknownProvider(
  claim: AdmitWorker,
  catalogue: Catalogue,
  { isTokenOf, nowMs }: Surroundings,
): WorkerVerdict {
  const claimed = catalogue.providerByLabel.get(
    labelOf({ username: claim.username, name: claim.providerName }),
  );
  const isHolder =
    claimed?.source.kind === 'coderai' &&
    claimed.source.registrations
      .filter((registration) => registrationState(registration, nowMs) === 'valid')
      .some(isShown(claim, isTokenOf));
  if (isHolder) return refused(403, 'scope_mismatch', claimed);
  return { type: 'worker-refused', httpStatus: 401, reason: 'unknown_provider', providerId: null };
}

function refused(httpStatus: 401 | 403, reason: RefusalReason, provider: Provider): WorkerVerdict {
  return { type: 'worker-refused', httpStatus, reason, providerId: provider.id };
}
