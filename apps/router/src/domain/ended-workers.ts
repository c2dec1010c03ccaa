import type { CheckWorkers, RegistrationRevoked } from '@aisbf/contracts';
import type { Catalogue } from './catalogue.js';
import { registrationState } from './registration.js';

type Worker = CheckWorkers['workers'][number];
type Ended = Omit<RegistrationRevoked, 'type'>;

/**
 * Which of these connected workers may no longer be, by what was announced when that came about. It agrees
 * with `workerVerdict`: whoever is let stay would also be let in.
 */
export function endedWorkers(
  workers: readonly Worker[],
  catalogue: Catalogue,
  nowMs: number,
): readonly RegistrationRevoked[] {
  const ended = new Map<string, Ended>();
  for (const worker of workers) {
    const end = endOf(worker, catalogue, nowMs);
    // Many workers end by the same thing, which is told once.
    if (end) ended.set(JSON.stringify(end), end);
  }
  return [...ended.values()].map((end) => ({ type: 'registration-revoked', ...end }));
}

function endOf(
  { providerId, clientId, registrationId }: Worker,
  catalogue: Catalogue,
  nowMs: number,
): Ended | undefined {
  const provider = catalogue.providerById.get(providerId);
  // A provider that was deleted is announced as one that was disabled.
  if (!provider?.isEnabled || provider.source.kind !== 'coderai') {
    return { providerId, reason: 'provider_disabled' };
  }
  const { clientIds, registrations } = provider.source;
  if (clientIds && !clientIds.has(clientId)) {
    return { providerId, clientId, reason: 'client_not_allowed' };
  }
  if (registrationId === null) return undefined;
  const registration = registrations.find(({ id }) => id === registrationId);
  const state = registration ? registrationState(registration, nowMs) : 'revoked';
  return state === 'valid' ? undefined : { providerId, registrationId, reason: `token_${state}` };
}
