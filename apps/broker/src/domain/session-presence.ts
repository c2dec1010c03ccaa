import { type ReportedModel, type SessionState, servedPaths } from '@aisbf/broker-protocol';
import type { PresentModel, SessionPresence } from '@aisbf/contracts';
import type { WorkerIdentity } from './worker-identity.js';
import type { WorkerProfile } from './worker-profile.js';

type Load = Pick<SessionPresence, 'frameBytesMax' | 'inFlight' | 'inFlightMax' | 'queued'> &
  Readonly<{ measured: SessionPresence['measured'] }>;

/** What the router is told of a session; undefined while no work can be sent there. */
export function sessionPresence(
  session: Readonly<{ id: string; epoch: number; identity: WorkerIdentity; connectedAtMs: number }>,
  state: SessionState,
  profile: WorkerProfile,
  { measured, ...load }: Load,
): SessionPresence | undefined {
  if (state.name === 'greeting' || state.name === 'closed') return undefined;
  const { providerId, ownerId, username, clientId } = session.identity;
  const { hardware, capabilities, studioEndpoints } = profile;
  const endpoints = servedPaths(capabilities?.paths ?? null, studioEndpoints);
  return {
    sessionId: session.id,
    epoch: session.epoch,
    providerId,
    ownerId,
    username,
    clientId,
    connectedAtMs: session.connectedAtMs,
    state: state.name,
    models: profile.models.map(toPresentModel),
    hardware: hardware && {
      gpuCount: hardware.gpuCount,
      vramMb: hardware.vramMb,
      vramMbFree: hardware.vramMbFree,
    },
    ...load,
    ...(endpoints && { endpoints: [...endpoints] }),
    ...(measured && { measured }),
  };
}

function toPresentModel({ inputs, outputs, parameters, ...model }: ReportedModel): PresentModel {
  return {
    ...model,
    ...(inputs && { inputs: [...inputs] }),
    ...(outputs && { outputs: [...outputs] }),
    ...(parameters && { parameters: [...parameters] }),
  };
}
