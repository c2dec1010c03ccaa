import { type AdmitWorker, internalPaths, WorkerVerdict } from '@aisbf/contracts';
import type { InternalClient } from '@aisbf/platform';
import { WorkerGate } from '../services/admission.js';

/** The router owns the providers, so it decides. */
export class RouterWorkerGate extends WorkerGate {
  constructor(private readonly router: InternalClient) {
    super();
  }

  override decide(claim: AdmitWorker): Promise<WorkerVerdict> {
    return this.router.post(internalPaths.routerAdmitWorker, claim, WorkerVerdict);
  }
}
