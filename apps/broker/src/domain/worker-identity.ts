import type { RegistrationRevoked } from '@aisbf/contracts';

/** Who a connected worker is, as the router has confirmed. */
export type WorkerIdentity = Readonly<{
  providerId: string;
  providerName: string;
  ownerId: string;
  username: string;
  clientId: string;
  /** Which of the provider's registrations it came with, where the router says so. */
  registrationId?: string | undefined;
}>;

/** One string for the same machine, wherever it connects. The parts hold no line break. */
export function identityKey(
  identity: Pick<WorkerIdentity, 'ownerId' | 'providerId' | 'clientId'>,
): string {
  return `${identity.ownerId}\n${identity.providerId}\n${identity.clientId}`;
}

export type Revocation = Omit<RegistrationRevoked, 'type'>;

/** Whether this worker has to go. One whose registration is not known counts as having come with any. */
export function isRevoked(identity: WorkerIdentity, revocation: Revocation): boolean {
  const { providerId, clientId, registrationId } = revocation;
  return (
    identity.providerId === providerId &&
    (clientId ?? identity.clientId) === identity.clientId &&
    (registrationId ?? identity.registrationId) === (identity.registrationId ?? registrationId)
  );
}
