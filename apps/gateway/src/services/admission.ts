import type {
  Admit,
  CallableModels,
  CallableRoutes,
  Explain,
  ListModels,
  ListRoutes,
  Plan,
  RouteExplanation,
} from '@aisbf/contracts';

/** The router: may this run, who may serve it, and is the money set aside. */
export abstract class Admission {
  abstract admit(request: Admit): Promise<Plan>;
  /** What would become of a request. */
  abstract explain(question: Explain): Promise<RouteExplanation>;
  abstract models(request: ListModels): Promise<CallableModels>;
  abstract routes(request: ListRoutes): Promise<CallableRoutes>;
}
