import type { OwnerEvent } from './owner-event.js';

/** Whose events are meant; what is left out is any. */
type OwnerEventFilter = {
  readonly [Part in 'username' | 'providerId' | 'providerName' | 'kind']?:
    | OwnerEvent[Part]
    | undefined;
};

/** Every NATS subject, in one place. Facts travel here; bodies never do. */
export const subjects = {
  presenceEvent: 'aisbf.presence.event',
  /** A router has started and wants every broker to beat at once. */
  presenceHello: 'aisbf.presence.hello',
  presenceSnapshot: (brokerId: string) => `aisbf.presence.snapshot.${brokerId}`,
  catalogueChanged: 'aisbf.catalogue.changed',
  /** Each router tells which revision it plans with. */
  catalogueServed: 'aisbf.catalogue.served',
  registrationRevoked: 'aisbf.catalogue.registration-revoked',
  /** A router was cut off from the bus: what it has said of ended registrations may be lost. */
  registrationsUnsure: 'aisbf.catalogue.registrations-unsure',
  attemptEnded: 'aisbf.health.attempt-ended',
  /** Several of them in one message, in their order. */
  attemptsEnded: 'aisbf.health.attempts-ended',
  attemptAnswering: 'aisbf.health.attempt-answering',
  attemptOutrun: 'aisbf.health.attempt-outrun',
  probeEnded: 'aisbf.health.probe-ended',
  apiTokenChanged: 'aisbf.accounts.api-token-changed',
  /** Somebody's access has changed: whoever remembers any should ask accounts at once. */
  accessChanged: 'aisbf.accounts.access-changed',
  leaseRecalled: 'aisbf.accounts.lease-recalled',
  requestWithdrawn: 'aisbf.accounts.request-withdrawn',
  /** JetStream: published from the ledger's outbox, de-duplicated by message id. */
  usageSettled: 'aisbf.accounts.usage-settled',
  /** JetStream: settlements and withdrawals that could not be delivered directly. */
  settle: 'aisbf.accounts.settle',
  /** What owners ask, passed on to the other broker instances. */
  askWorkers: (brokerId: string) => `aisbf.broker.ask-workers.${brokerId}`,
  /**
   * JetStream: what has happened to a provider's workers, one subject for each provider and kind. Names stand
   * in it so that an owner's question by name needs nobody who knows the id. With parts left out it is a
   * filter.
   */
  ownerEvent: ({ username, providerId, providerName, kind }: OwnerEventFilter) =>
    [
      'aisbf.broker.owner-event',
      ...[username, providerId, providerName, kind].map((part) => subjectToken(part)),
    ].join('.'),
} as const;

/** A name may hold dots, which part a subject; it never holds a tilde. */
function subjectToken(name: string | undefined): string {
  return name?.replaceAll('.', '~') ?? '*';
}

/** JetStream streams and what they keep. */
export const streams = {
  usage: { name: 'AISBF_USAGE', subjects: [subjects.usageSettled] },
  settle: { name: 'AISBF_SETTLE', subjects: [subjects.settle] },
  ownerEvents: { name: 'AISBF_OWNER_EVENTS', subjects: [subjects.ownerEvent({})] },
} as const;
