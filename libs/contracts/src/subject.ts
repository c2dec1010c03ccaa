/** Every NATS subject, in one place. Facts travel here; bodies never do. */
export const subjects = {
  presenceEvent: 'aisbf.presence.event',
  /** A router has started and wants every broker to beat at once. */
  presenceHello: 'aisbf.presence.hello',
  presenceSnapshot: (brokerId: string) => `aisbf.presence.snapshot.${brokerId}`,
  catalogueChanged: 'aisbf.catalogue.changed',
  registrationRevoked: 'aisbf.catalogue.registration-revoked',
  attemptEnded: 'aisbf.health.attempt-ended',
  apiTokenChanged: 'aisbf.accounts.api-token-changed',
  /** Somebody's access has changed: whoever remembers any should ask accounts at once. */
  accessChanged: 'aisbf.accounts.access-changed',
  /** JetStream: published from the ledger's outbox, de-duplicated by message id. */
  usageSettled: 'aisbf.accounts.usage-settled',
  /** JetStream: settlements that could not be delivered directly. */
  settle: 'aisbf.accounts.settle',
} as const;

/** JetStream streams and what they keep. */
export const streams = {
  usage: { name: 'AISBF_USAGE', subjects: [subjects.usageSettled] },
  settle: { name: 'AISBF_SETTLE', subjects: [subjects.settle] },
} as const;
