import { randomBytes } from 'node:crypto';
import { AccessChanged, subjects } from '@aisbf/contracts';
import { type Clock, InternalClient, type Log, type NatsBus, setting } from '@aisbf/platform';
import { AccessLease } from './access-lease.js';
import { HttpAccessOffice, HttpPrincipalSource } from './accounts-access.js';
import { Principals } from './principals.js';

/** A question to accounts is answered in a millisecond; several of them fit into one lease. */
const renewMs = 250;
/** Connections for asking: one question is under way at a time, and one may be stuck. */
const connectionsMax = 2;

/** Settings of every service that remembers callers; accounts must know the same lease. */
export const accessSettings = {
  AISBF_ACCESS_LEASE_MS: setting.integer(
    1_000,
    500,
    60_000,
    'How long a service may rely on what it remembers of callers without word from accounts. A revocation waits as long for one that has died.',
  ),
};

export type StartAccess = Readonly<{
  /** The service's name; the process gets one of its own from it. */
  service: string;
  accountsUrl: string;
  internalSecret: string;
  leaseMs: number;
  ttlMs: number;
  entriesMax: number;
  /** For questions on behalf of requests. */
  accounts: InternalClient;
  bus: NatsBus;
  clock: Clock;
  log: Log;
}>;

/** All that a service needs to know its callers. */
export class RunningAccess {
  readonly lease: AccessLease;
  readonly principals: Principals;
  private readonly office: InternalClient;

  constructor(private readonly options: StartAccess) {
    const { service, accountsUrl, internalSecret, leaseMs, entriesMax, ttlMs, log } = options;
    this.office = new InternalClient({
      baseUrl: accountsUrl,
      secret: internalSecret,
      timeoutMs: leaseMs,
      connectionsMax,
    });
    const verifierId = `${service}-${randomBytes(8).toString('hex')}`;
    const settings = { verifierId, renewMs, leaseMs, changesMax: entriesMax };
    this.lease = new AccessLease(new HttpAccessOffice(this.office), settings, log);
    const source = new HttpPrincipalSource(options.accounts);
    this.principals = new Principals(source, this.lease, options.clock, { ttlMs, entriesMax });
  }

  async start(): Promise<void> {
    this.options.bus.subscribe(subjects.accessChanged, AccessChanged, () => this.lease.hurry());
    await this.lease.start();
  }

  async stop(): Promise<void> {
    await this.lease.stop();
    await this.office.close();
  }
}
