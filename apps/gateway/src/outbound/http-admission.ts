import {
  type Admit,
  AdviceSought,
  CallableModels,
  CallableRoutes,
  type Explain,
  internalPaths,
  type ListModels,
  type ListRoutes,
  Plan,
  RouteExplanation,
  type SeekAdvice,
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

  seekAdvice(question: SeekAdvice): Promise<AdviceSought> {
    return this.router.post(internalPaths.routerSeekAdvice, question, AdviceSought);
  }

  models(request: ListModels): Promise<CallableModels> {
    return this.router.post(internalPaths.routerModels, request, CallableModels);
  }

  routes(request: ListRoutes): Promise<CallableRoutes> {
    return this.router.post(internalPaths.routerRoutes, request, CallableRoutes);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.router.close();
  }
}
