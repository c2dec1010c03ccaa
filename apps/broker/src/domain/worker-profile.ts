import type {
  ReportedCapabilities,
  ReportedHardware,
  ReportedModel,
  ReportedRegistration,
} from '@aisbf/broker-protocol';

/** What is known of a worker by its own words and by how it behaves. */
export type WorkerProfile = Readonly<{
  hardware: ReportedHardware | null;
  capabilities: ReportedCapabilities | null;
  /** Endpoints beside chat that it has named when it registered, as it names them. */
  studioEndpoints: readonly string[];
  models: readonly ReportedModel[];
  /** Has sent a heartbeat or a `pending`, so it is none of the oldest clients, which do one thing at a time. */
  isModern: boolean;
  /** Acknowledges requests at once, so that its silence soon says something. */
  sendsPending: boolean;
}>;

export const strangeWorker: WorkerProfile = {
  hardware: null,
  capabilities: null,
  studioEndpoints: [],
  models: [],
  isModern: false,
  sendsPending: false,
};

/** What a later `register` leaves out stays as it was. */
export function withRegistration(
  profile: WorkerProfile,
  { hardware, capabilities, studioEndpoints }: ReportedRegistration,
): WorkerProfile {
  return {
    ...profile,
    hardware: hardware ?? profile.hardware,
    capabilities: capabilities ?? profile.capabilities,
    studioEndpoints: studioEndpoints.length > 0 ? studioEndpoints : profile.studioEndpoints,
  };
}

export function inFlightMax(profile: WorkerProfile, fallback: number): number {
  return profile.capabilities?.concurrencyMax ?? (profile.isModern ? fallback : 1);
}

export function frameBytesMax(
  profile: WorkerProfile,
  limits: Readonly<{ frameBytesOutDefault: number; frameBytesOutMax: number }>,
): number {
  const stated = profile.capabilities?.frameBytesMax ?? limits.frameBytesOutDefault;
  return Math.min(stated, limits.frameBytesOutMax);
}

/** Whether it knows an operation that the plain protocol does not have. */
export function knows(profile: WorkerProfile, operation: 'cancel' | 'drain'): boolean {
  return profile.capabilities?.operations.includes(operation) ?? false;
}

/** Bodies go to it, and come from it, as binary messages instead of base64. */
export function usesBinaryFrames(profile: WorkerProfile): boolean {
  return profile.capabilities?.extensions.includes('binary-frames') ?? false;
}

/**
 * It waits for the reader of each stream. Only a worker that can be told to stop may do so: another would wait
 * for good when its reader has left.
 */
export function usesStreamWindow(profile: WorkerProfile): boolean {
  const isOffered = profile.capabilities?.extensions.includes('stream-window') ?? false;
  return isOffered && knows(profile, 'cancel');
}
