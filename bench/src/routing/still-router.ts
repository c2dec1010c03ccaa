import { randomBytes } from 'node:crypto';
import { AccessLease, AccessOffice, PrincipalSource, Principals } from '@aisbf/access';
import type {
  AccessKeys,
  AccessRenewed,
  Authorise,
  Authorised,
  Lease,
  OpenLease,
  Owner,
  Principal,
  RenewLease,
} from '@aisbf/contracts';
import { createLog, type Log, Metrics, readConfig, SystemClock } from '@aisbf/platform';
import {
  Accounts,
  Admission,
  AllowanceSettings,
  Allowances,
  type CatalogueRecords,
  CatalogueStore,
  HoldDesk,
  healthSettings,
  Leases,
  LiveCatalogue,
  LiveHealth,
  LivePace,
  Market,
  OwnerRateSettings,
  OwnerRates,
  PaceSettings,
  Planning,
  Presence,
  ProviderRates,
  planningSettings,
  presenceSettings,
  RateCheck,
  RateCheckSettings,
  RatedPlanning,
  RateLimits,
  RouterEvents,
  routerSettings,
  SelectionEvents,
  SelectionNoteSettings,
  SelectionNotes,
  SelectionRecords,
  TicketSecret,
  type TokenBuyer,
  UsualOutputSettings,
  UsualOutputs,
} from '@aisbf/router';
import { createSecretToken } from '@aisbf/secrets';
import { buyerOwnerId, idOf } from './wide-market.js';

/** The parts of a router that decide, with its own settings, and nobody behind its ports. */
export type StillRouter = Readonly<{
  apiToken: string;
  principal: TokenBuyer;
  presence: Presence;
  health: LiveHealth;
  pace: LivePace;
  market: Market;
  planning: Planning;
  admission: Admission;
  /** What the gateway would say when it has ended: its money is free again. */
  forget: (requestId: string) => void;
  settings: ReturnType<typeof planningSettings>;
}>;

/** What a router needs to be told to start at all; nothing is connected to any of it. */
const nowhere = {
  AISBF_INTERNAL_SECRET: 'a-secret-of-nobody-and-nothing-at-all',
  AISBF_NATS_URL: 'nats://127.0.0.1:1',
  ROUTER_DATABASE_URL: 'postgres://127.0.0.1:1/none',
  ROUTER_REDIS_URL: 'redis://127.0.0.1:1',
  ROUTER_ACCOUNTS_URL: 'http://127.0.0.1:1',
  ROUTER_SECRET_PEPPER: 'a-pepper-for-tokens-that-nobody-has',
};

const unlimited = {
  requestsPerMinuteMax: 10_000_000,
  tokensPerMinuteMax: 1_000_000_000_000,
  concurrencyMax: 100_000,
};

/** A router in memory. Counters answer at once, and one lease pays for everything. */
export async function stillRouter(
  records: CatalogueRecords,
  changes: Readonly<Record<string, string>> = {},
): Promise<StillRouter> {
  const settings = readConfig(routerSettings, {
    ...nowhere,
    ROUTER_CREDENTIAL_KEYS: `first:${randomBytes(32).toString('base64')}`,
    ...changes,
  });
  const ground: Ground = {
    ...{ settings, clock: new SystemClock(), log: createLog('bench', 'silent') },
    metrics: new Metrics('bench'),
  };
  const events = new RouterEvents(ground.log, ground.metrics);
  const { market, ...known } = await knownMarket(records, ground);
  const plan = planningSettings(settings);
  const planning = new Planning(market, usualOutputs(settings), plan, events);
  const ownerRates = new OwnerRates(
    new FreeProviderRates(),
    events,
    new OwnerRateSettings(settings.ROUTER_OWNER_RATE_REQUESTS_MAX),
  );
  const { desk, allowances } = holdDesk(ground, events);
  const { text: apiToken } = createSecretToken('aisbf');
  const principal = somebody();
  const admission = new Admission(
    await knowing(principal, ground.clock),
    planning,
    new RatedPlanning(planning, ownerRates),
    new RateCheck(new FreeRates(), new RateCheckSettings(false), events),
    desk,
    events,
  );
  return {
    ...{ apiToken, principal, ...known, market, planning, admission },
    forget: (requestId) => allowances.withdrawn(requestId),
    settings: plan,
  };
}

/** What all parts stand on. */
type Ground = Readonly<{
  settings: ReturnType<typeof routerSettings.parse>;
  clock: SystemClock;
  log: Log;
  metrics: Metrics;
}>;

async function knownMarket(records: CatalogueRecords, { settings, clock }: Ground) {
  const live = new LiveCatalogue(new KnownCatalogue(records));
  await live.refresh();
  const presence = new Presence(presenceSettings(settings));
  const health = new LiveHealth(healthSettings(settings));
  const pace = new LivePace(
    clock,
    new PaceSettings(settings.ROUTER_PACE_REQUESTS_MIN, settings.ROUTER_PACE_ENTRIES_MAX),
  );
  return { presence, health, pace, market: new Market(live, presence, health, pace, clock) };
}

function usualOutputs(settings: Ground['settings']): UsualOutputs {
  return new UsualOutputs(
    new UsualOutputSettings(
      settings.ROUTER_USUAL_ENTRIES_MAX,
      settings.ROUTER_USUAL_ANSWERS_MAX,
      settings.ROUTER_USUAL_ANSWERS_MIN,
    ),
  );
}

function holdDesk({ settings, clock, log, metrics }: Ground, events: RouterEvents) {
  const allowances = new Allowances(
    new EndlessLeases(),
    clock,
    events,
    new AllowanceSettings({
      ...{ holder: 'bench', isOn: true, idleMs: 3_600_000, restMs: 1 },
      ...{ issueMsMax: 3_600_000, holdTtlMs: settings.ROUTER_HOLD_TTL_MS },
    }),
  );
  const limits = {
    candidatesMax: settings.ROUTER_SELECTION_NOTE_CANDIDATES,
    bytesMax: settings.ROUTER_SELECTION_NOTE_BYTES_MAX,
  };
  const notes = new SelectionNotes(
    new NoRecords(),
    new SelectionNoteSettings(limits, settings.ROUTER_SELECTION_NOTES_MAX),
    new SelectionEvents(log, metrics),
  );
  const secret = new TicketSecret(nowhere.AISBF_INTERNAL_SECRET);
  return { allowances, desk: new HoldDesk(allowances, new FirstHolds(), secret, notes) };
}

function somebody(): TokenBuyer {
  return {
    userId: idOf('b', 2),
    ownerId: buyerOwnerId,
    username: 'buyer',
    role: 'member',
    scopes: ['inference'],
    apiTokenId: idOf('b', 3),
    sessionId: null,
    limits: unlimited,
    rules: { routes: [], models: [], addresses: [] },
    expiresAtMs: null,
  };
}

async function knowing(principal: Principal, clock: SystemClock): Promise<Principals> {
  const settings = { verifierId: 'bench', renewMs: 60_000, leaseMs: 3_600_000, changesMax: 10 };
  const lease = new AccessLease(new OpenOffice(), settings, createLog('bench', 'silent'));
  await lease.start();
  const source = new OneCaller(principal);
  return new Principals(source, lease, clock, { ttlMs: 3_600_000, entriesMax: 10 });
}

class KnownCatalogue extends CatalogueStore {
  constructor(private readonly records: CatalogueRecords) {
    super();
  }

  async load(): Promise<CatalogueRecords> {
    return this.records;
  }

  async revision(): Promise<number> {
    return this.records.revision;
  }
}

class OneCaller extends PrincipalSource {
  constructor(private readonly principal: Principal) {
    super();
  }

  async identify(): Promise<Principal> {
    return this.principal;
  }

  async accessKeys(): Promise<AccessKeys> {
    throw new Error('nobody signs in here');
  }
}

class OpenOffice extends AccessOffice {
  async renew(): Promise<AccessRenewed> {
    return { revision: 1, changes: [], isComplete: true };
  }

  async leave(): Promise<void> {}
}

class FreeRates extends RateLimits {
  async take() {
    return { isAllowed: true } as const;
  }

  async spend(): Promise<void> {}
}

class FreeProviderRates extends ProviderRates {
  async take() {
    return { isAllowed: true } as const;
  }

  async giveBack(): Promise<void> {}

  async spend(): Promise<void> {}
}

/** More than any measurement spends. */
const endless = { result: 'open', slots: 100_000_000, settledCount: 0 } as const;

class EndlessLeases extends Leases {
  async open(_request: OpenLease): Promise<Lease> {
    return { ...endless, issuedMax: '9000000000000000000' };
  }

  async renew({ issuedMax }: RenewLease): Promise<Lease> {
    return { ...endless, issuedMax };
  }

  async close(): Promise<void> {}
}

class NoRecords extends SelectionRecords {
  async keep(): Promise<void> {}
}

/** Asked once a token, before there is a lease. */
class FirstHolds extends Accounts {
  async authorise({ requestId, amount }: Authorise): Promise<Authorised> {
    return { requestId, holdEpoch: 1, amount, isReplay: false };
  }

  async ownerOf(): Promise<Owner> {
    throw new Error('nobody is looked up here');
  }
}
