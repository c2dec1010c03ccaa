import {
  type Admit,
  CallableModels,
  type Explain,
  internalPaths,
  type ListModels,
  Plan,
  RouteExplanation,
} from '@aisbf/contracts';
import type { InternalClient } from '@aisbf/platform';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Admission } from '../services/admission.js';

/** The router, over kept connections. */
export class HttpAdmission extends Admission implements OnApplicationShutdown {
  constructor(private readonly router: InternalClient) {
    super();
  }

  admit(request: Admit): Promise<Plan> {
    return this.router.post(internalPaths.routerAdmit, request, Plan, request.requestId);
  }

  explain(question: Explain): Promise<RouteExplanation> {
    return this.router.post(internalPaths.routerExplain, question, RouteExplanation);
  }

  models(request: ListModels): Promise<CallableModels> {
    return this.router.post(internalPaths.routerModels, request, CallableModels);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.router.close();
  }
}
