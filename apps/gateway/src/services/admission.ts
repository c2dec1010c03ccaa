import type { Admit, CallableModels, ListModels, Plan } from '@aisbf/contracts';

/** The router: may this run, who may serve it, and is the money set aside. */
export abstract class Admission {
  abstract admit(request: Admit): Promise<Plan>;
  abstract models(request: ListModels): Promise<CallableModels>;
}
