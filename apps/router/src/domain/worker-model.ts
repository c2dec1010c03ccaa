import type { ModelFacts, PresentModel } from '@aisbf/contracts';
import { commonFacts, least, shared } from './common-facts.js';
import type { PresentSession } from './session-index.js';

/** A model as the workers of one provider have it together. */
export type WorkerModel = Readonly<{
  name: string;
  /** Any of them may get the request, so the least that one of them tells; null where none does. */
  contextLength: number | null;
  /** The rest that holds for all of them that say something about it. */
  facts: ModelFacts;
  /** The paths that all of them serve that name some; null where none does. */
  endpoints: readonly string[] | null;
  workers: number;
}>;

/** A model at one of its workers. */
type Placed = Readonly<{ model: PresentModel; endpoints: readonly string[] | undefined }>;

/** What these sessions have, by name. Gone with the last session that has it. */
export function workerModels(sessions: readonly PresentSession[]): readonly WorkerModel[] {
  const places = new Map<string, Placed[]>();
  for (const { session } of sessions) {
    const advertised = new Map(session.models.map((model) => [model.name, model]));
    for (const model of advertised.values()) {
      const placed = { model, endpoints: session.endpoints };
      const others = places.get(model.name);
      if (others) others.push(placed);
      else places.set(model.name, [placed]);
    }
  }
  return [...places]
    .map(([name, placed]) => together(name, placed))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}

function together(name: string, placed: readonly Placed[]): WorkerModel {
  return {
    name,
    contextLength: least(placed.map(({ model }) => model.contextTokensMax)) ?? null,
    facts: commonFacts(placed.map(({ model }) => model)),
    endpoints: shared(placed.map(({ endpoints }) => endpoints)) ?? null,
    workers: placed.length,
  };
}
