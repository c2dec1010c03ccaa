import {
  AccessKeys,
  AccessRenewed,
  type GetAccessKeys,
  type Identify,
  internalPaths,
  type LeaveAccess,
  Principal,
  type RenewAccess,
} from '@aisbf/contracts';
import type { InternalClient } from '@aisbf/platform';
import { z } from 'zod';
import { AccessOffice } from './access-lease.js';
import { PrincipalSource } from './principals.js';

/** Accounts over kept connections. */
export class HttpPrincipalSource extends PrincipalSource {
  constructor(private readonly accounts: InternalClient) {
    super();
  }

  override identify(apiToken: string): Promise<Principal> {
    const question: Identify = { type: 'identify', apiToken };
    return this.accounts.post(internalPaths.accountsIdentify, question, Principal);
  }

  override accessKeys(): Promise<AccessKeys> {
    const question: GetAccessKeys = { type: 'get-access-keys' };
    return this.accounts.post(internalPaths.accountsAccessKeys, question, AccessKeys);
  }
}

/** The same, over connections of its own: a leave must not queue behind the requests that depend on it. */
export class HttpAccessOffice extends AccessOffice {
  constructor(private readonly accounts: InternalClient) {
    super();
  }

  override renew(question: RenewAccess): Promise<AccessRenewed> {
    return this.accounts.post(internalPaths.accountsRenewAccess, question, AccessRenewed);
  }

  override async leave(verifierId: string): Promise<void> {
    const farewell: LeaveAccess = { type: 'leave-access', verifierId };
    await this.accounts.post(internalPaths.accountsLeaveAccess, farewell, z.unknown());
  }
}
