/** Who a connected worker is, as the router has confirmed. */
export type WorkerIdentity = Readonly<{
  providerId: string;
  providerName: string;
  ownerId: string;
  username: string;
  clientId: string;
}>;

/** One string for the same machine, wherever it connects. The parts hold no line break. */
export function identityKey(
  identity: Pick<WorkerIdentity, 'ownerId' | 'providerId' | 'clientId'>,
): string {
  return `${identity.ownerId}\n${identity.providerId}\n${identity.clientId}`;
}
