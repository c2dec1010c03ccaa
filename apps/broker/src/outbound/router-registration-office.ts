import {
  CheckedWorkers,
  type CheckWorkers,
  internalPaths,
  type RegistrationRevoked,
} from '@aisbf/contracts';
import type { InternalClient } from '@aisbf/platform';
import { type CheckedWorker, RegistrationOffice } from '../services/registration-check.js';

export class RouterRegistrationOffice extends RegistrationOffice {
  constructor(private readonly router: InternalClient) {
    super();
  }

  override async endedOf(
    workers: readonly CheckedWorker[],
  ): Promise<readonly RegistrationRevoked[]> {
    const question: CheckWorkers = { type: 'check-workers', workers: [...workers] };
    const { ended } = await this.router.post(
      internalPaths.routerCheckWorkers,
      question,
      CheckedWorkers,
    );
    return ended;
  }
}
