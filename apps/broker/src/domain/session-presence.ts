import type { SessionState } from '@aisbf/broker-protocol';
import type { SessionPresence } from '@aisbf/contracts';
import type { WorkerIdentity } from './worker-identity.js';
import type { WorkerProfile } from './worker-profile.js';

type Load = Pick<SessionPresence, 'frameBytesMax' | 'inFlight' | 'inFlightMax' | 'queued'>;

/** What the router is told of a session; undefined while no work can be sent there. */
export function sessionPresence(
  session: Readonly<{ id: string; epoch: number; identity: WorkerIdentity; connectedAtMs: number }>,
  state: SessionState,
  profile: WorkerProfile,
  load: Load,
): SessionPresence | undefined {
  if (state.name === 'greeting' || state.name === 'closed') return undefined;
  const { providerId, ownerId, username, clientId } = session.identity;
  const { hardware } = profile;
  return {
    sessionId: session.id,
    epoch: session.epoch,
    providerId,
    ownerId,
    username,
    clientId,
    connectedAtMs: session.connectedAtMs,
    state: state.name,
    models: [...profile.models],
    hardware: hardware && {
      gpuCount: hardware.gpuCount,
      vramMb: hardware.vramMb,
      vramMbFree: hardware.vramMbFree,
    },
    ...load,
  };
}
