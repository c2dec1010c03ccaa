import type { ProbeEnded, RegistrationRevoked } from '@aisbf/contracts';

/** What the other processes have to hear. A lost announcement heals: replicas also ask for the revision. */
export abstract class Announcements {
  abstract catalogueChanged(revision: number): void;
  /** Live sessions of a provider must end. */
  abstract registrationRevoked(which: Omit<RegistrationRevoked, 'type'>): void;
  /** Some of these may not have been heard. */
  abstract registrationsUnsure(): void;
  abstract probeEnded(ended: ProbeEnded): void;
}
