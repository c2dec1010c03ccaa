import { Principals } from '@aisbf/access';
import { Clock, InternalClient, Log, Metrics, NatsBus, SystemClock } from '@aisbf/platform';
import type { DynamicModule } from '@nestjs/common';
import { BrokerLimits, type BrokerSettings } from './config.js';
import { LivePeers } from './domain/live-peers.js';
import { BrokerEvents } from './events.js';
import { BasePath } from './inbound/base-path.js';
import { FrameLimits } from './inbound/frame-limits.js';
import { PresenceListener } from './inbound/presence-listener.js';
import { RegistrationController } from './inbound/registration.controller.js';
import { RegistrationWatch } from './inbound/registration-watch.js';
import { WorkerDoor } from './inbound/worker-door.js';
import { WorkersListener } from './inbound/workers-listener.js';
import { NatsOwnerEventStore } from './outbound/nats-owner-event-store.js';
import { NatsPeerWorkers } from './outbound/nats-peer-workers.js';
import { NatsPresenceBus } from './outbound/nats-presence-bus.js';
import { RouterRegistrationOffice } from './outbound/router-registration-office.js';
import { RouterWorkerGate } from './outbound/router-worker-gate.js';
import { Admission, WorkerGate } from './services/admission.js';
import { AllWorkers, PeerWorkers } from './services/all-workers.js';
import { Callers } from './services/callers.js';
import { Drain } from './services/drain.js';
import { LocalWorkers } from './services/local-workers.js';
import { OwnerEventLog, OwnerEventStore } from './services/owner-event-log.js';
import { Presence, PresenceBus } from './services/presence.js';
import { RegistrationCheck, RegistrationOffice } from './services/registration-check.js';
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
  const clock = new SystemClock();
  const history = ownerHistory(limits, parts, clock);
  return {
    module: AppModule,
    controllers: [RegistrationController],
    providers: [
      Sessions,
      Admission,
      Drain,
      Callers,
      LocalWorkers,
      AllWorkers,
      WorkerView,
      RegistrationCheck,
      WorkerDoor,
      FrameLimits,
      PresenceListener,
      WorkersListener,
      RegistrationWatch,
      { provide: WorkerGate, useValue: new RouterWorkerGate(parts.router) },
      { provide: Principals, useValue: parts.principals },
      { provide: PresenceBus, useValue: new NatsPresenceBus(bus) },
      {
        provide: Presence,
        inject: [PresenceBus, Clock],
        useFactory: (presenceBus: PresenceBus, clock: Clock) =>
          new Presence(presenceBus, clock, { brokerId, ...limits.presence }),
      },
      { provide: RegistrationOffice, useValue: new RouterRegistrationOffice(parts.router) },
      { provide: PeerWorkers, useValue: new NatsPeerWorkers(bus, limits.view.waitMs) },
      {
        provide: LivePeers,
        useValue: new LivePeers(limits.view.peerSilenceMs, () => clock.nowMs()),
      },
      { provide: OwnerEventStore, useValue: history.store },
      { provide: OwnerEventLog, useValue: history.log },
      { provide: BrokerEvents, useValue: history.events },
      { provide: BasePath, useValue: new BasePath(settings.BROKER_BASE_PATH) },
      { provide: BrokerLimits, useValue: limits },
      { provide: Clock, useValue: clock },
      { provide: Log, useValue: log },
      { provide: Metrics, useValue: metrics },
      { provide: NatsBus, useValue: bus },
    ],
  };
}

/** Events go into the histories, and what becomes of them there is an event too: made together. */
function ownerHistory(limits: BrokerLimits, parts: BrokerParts, clock: Clock) {
  const { brokerId, bus, log, metrics } = parts;
  const store = new NatsOwnerEventStore(bus, limits.history);
  const { messagesPerSubjectMax: perSubjectMax } = limits.history;
  const events = new BrokerEvents(log, metrics, clock, {
    record: (subject, news) => writer.record(subject, news),
  });
  const writer = new OwnerEventLog(
    store,
    {
      onStored: () => events.ownerEventStored(),
      onLost: (count) => events.ownerEventsLost(count),
      onAway: (error) => events.ownerEventsAway(error),
    },
    clock,
    { ...limits.history, brokerId, perSubjectMax },
  );
  return { store, log: writer, events };
}
