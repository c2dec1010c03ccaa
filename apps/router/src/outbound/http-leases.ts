import { setTimeout as delay } from 'node:timers/promises';
import {
  type CloseLease,
  internalPaths,
  Lease,
  type OpenLease,
  type RenewLease,
} from '@aisbf/contracts';
import { Fault, isRetryable } from '@aisbf/faults';
import { InternalClient } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Leases } from '../services/leases.js';

/** Money that is not given back is out of reach until the lease expires: worth some patience. */
const closeAttemptsMax = 8;
const closeRetryMs = 250;

/** Accounts, over kept connections. */
@Injectable()
export class HttpLeases extends Leases {
  constructor(private readonly client: InternalClient) {
    super();
  }

  open(request: OpenLease): Promise<Lease> {
    return this.client.post(internalPaths.accountsOpenLease, request, Lease);
  }

  renew(request: RenewLease): Promise<Lease> {
    return this.client.post(internalPaths.accountsRenewLease, request, Lease);
  }

  async close(request: CloseLease): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.client.post(internalPaths.accountsCloseLease, request, z.object({}));
        return;
      } catch (error) {
        const isHopeless = error instanceof Fault && !isRetryable(error.kind);
        if (isHopeless || attempt === closeAttemptsMax) throw error;
        await delay(closeRetryMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2));
      }
    }
  }
}
