/**
 * A model that is none. The names and every answer say so: what the demo engine sells must never be taken
 * for the work of a language model.
 */
export type DemoModel = Readonly<{
  id: string;
  sentences: number;
  /** How many of the engine's token delays one token of this model takes. */
  slowness: number;
  contextTokensMax: number;
}>;

export const demoModels: readonly DemoModel[] = [
  { id: 'demo-small', sentences: 2, slowness: 1, contextTokensMax: 8_192 },
  { id: 'demo-large', sentences: 14, slowness: 2, contextTokensMax: 131_072 },
];

export function findDemoModel(id: string): DemoModel | undefined {
  return demoModels.find((model) => model.id === id);
}
