import type { RegistrationRevoked } from '@aisbf/contracts';

/** What the other processes have to hear. A lost announcement heals: replicas also ask for the revision. */
export abstract class Announcements {
  abstract catalogueChanged(revision: number): void;
  /** The provider's live sessions must end. */
  abstract registrationRevoked(providerId: string, reason: RegistrationRevoked['reason']): void;
}
