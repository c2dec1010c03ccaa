import type { Scope } from './offer.js';
import type { PresentSession } from './session-index.js';

/** Who asks, in which catalogue, and which workers are there. */
export type RouteScope = Scope &
  Readonly<{ sessionsOf: (providerId: string) => readonly PresentSession[] }>;
