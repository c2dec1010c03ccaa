import { randomUUID } from 'node:crypto';
import type { Provider } from '@nestjs/common';
import type { RouterSettings } from './config.js';
import { Replicas } from './domain/replicas.js';
import { ReplicaBeat, ReplicaBeatSettings } from './inbound/replica-beat.js';
import { RevisionReport } from './services/revision-report.js';

/** The parts of the service that know what the other routers plan with. */
export function replicaParts(settings: RouterSettings): Provider[] {
  const beatMs = settings.ROUTER_REPLICA_BEAT_MS;
  const silenceMsMax = settings.ROUTER_REPLICA_SILENCE_MS_MAX;
  return [
    ReplicaBeat,
    RevisionReport,
    { provide: Replicas, useValue: new Replicas({ beatMs, silenceMsMax }) },
    {
      provide: ReplicaBeatSettings,
      useValue: new ReplicaBeatSettings(`router-${randomUUID()}`, beatMs),
    },
  ];
}
