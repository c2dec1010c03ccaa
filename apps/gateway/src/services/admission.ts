import type {
  Admit,
  AdviceSought,
  CallableModels,
  CallableRoutes,
  Explain,
  ListModels,
  ListRoutes,
  Plan,
  RouteExplanation,
  SeekAdvice,
} from '@aisbf/contracts';

/** The router: may this run, who may serve it, and is the money set aside. */
export abstract class Admission {
  abstract admit(request: Admit): Promise<Plan>;
  /** What would become of a request. */
  abstract explain(question: Explain): Promise<RouteExplanation>;
  /** What autoselects among some routes want to know of the prompt besides its signals. */
  abstract seekAdvice(question: SeekAdvice): Promise<AdviceSought>;
  abstract models(request: ListModels): Promise<CallableModels>;
  abstract routes(request: ListRoutes): Promise<CallableRoutes>;
}
