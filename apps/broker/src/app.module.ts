import { Principals } from '@aisbf/access';
import { Clock, InternalClient, Log, Metrics, NatsBus, SystemClock } from '@aisbf/platform';
import type { DynamicModule } from '@nestjs/common';
import { BrokerLimits, type BrokerSettings } from './config.js';
import { BrokerEvents } from './events.js';
import { BasePath } from './inbound/base-path.js';
import { PresenceListener } from './inbound/presence-listener.js';
import { RegistrationController } from './inbound/registration.controller.js';
import { WorkerDoor } from './inbound/worker-door.js';
import { NatsPresenceBus } from './outbound/nats-presence-bus.js';
import { RouterWorkerGate } from './outbound/router-worker-gate.js';
import { Admission, WorkerGate } from './services/admission.js';
import { Callers } from './services/callers.js';
import { Drain } from './services/drain.js';
import { Presence, PresenceBus } from './services/presence.js';
import { Sessions } from './services/sessions.js';
import { WorkerView } from './services/worker-view.js';

/** What is made before Nest is, and shared with the start of the process. */
export type BrokerParts = Readonly<{
  brokerId: string;
  bus: NatsBus;
  log: Log;
  metrics: Metrics;
  router: InternalClient;
  principals: Principals;
}>;

class AppModule {}

/** The parts of the service, and what stands behind each port. */
export function appModule(settings: BrokerSettings, parts: BrokerParts): DynamicModule {
  const limits = new BrokerLimits(settings);
  const { brokerId, bus, log, metrics } = parts;
  return {
    module: AppModule,
    controllers: [RegistrationController],
    providers: [
      Sessions,
      Admission,
      Drain,
      Callers,
      WorkerView,
      WorkerDoor,
      PresenceListener,
      { provide: WorkerGate, useValue: new RouterWorkerGate(parts.router) },
      { provide: Principals, useValue: parts.principals },
      { provide: PresenceBus, useValue: new NatsPresenceBus(bus) },
      {
        provide: Presence,
        inject: [PresenceBus, Clock],
        useFactory: (presenceBus: PresenceBus, clock: Clock) =>
          new Presence(presenceBus, clock, { brokerId, ...limits.presence }),
      },
      {
        provide: BrokerEvents,
        inject: [Clock],
        useFactory: (clock: Clock) => new BrokerEvents(log, metrics, clock),
      },
      { provide: BasePath, useValue: new BasePath(settings.BROKER_BASE_PATH) },
      { provide: BrokerLimits, useValue: limits },
      { provide: Clock, useClass: SystemClock },
      { provide: Log, useValue: log },
      { provide: Metrics, useValue: metrics },
      { provide: NatsBus, useValue: bus },
    ],
  };
}
