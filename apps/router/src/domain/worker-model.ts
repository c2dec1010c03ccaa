import type { PresentSession } from './session-index.js';

/** A model as the workers of one provider have it together. */
export type WorkerModel = Readonly<{
  name: string;
  /** Any of them may get the request, so the least that one of them tells; null where none does. */
  contextLength: number | null;
  workers: number;
}>;

/** What these sessions have, by name. Gone with the last session that has it. */
export function workerModels(sessions: readonly PresentSession[]): readonly WorkerModel[] {
  const models = new Map<string, WorkerModel>();
  for (const { session } of sessions) {
    const advertised = new Map(session.models.map((model) => [model.name, model]));
    for (const { name, contextTokensMax } of advertised.values()) {
      const { contextLength = null, workers = 0 } = models.get(name) ?? {};
      models.set(name, {
        name,
        contextLength: lesser(contextLength, contextTokensMax),
        workers: workers + 1,
      });
    }
  }
  return [...models.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
}

function lesser(left: number | null, right: number | null): number | null {
  if (left === null || right === null) return left ?? right;
  return Math.min(left, right);
}
