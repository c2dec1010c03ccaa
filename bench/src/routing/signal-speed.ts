import { promptSizes, promptsKept, promptsOf, signalsIn } from './prompts.js';
import { type Times, type Timing, timed } from './timed.js';

export type SignalFigures = Readonly<{ promptTokens: number; timing: Timing }>;

/** How long it takes to read in prompts of two sizes what routes are selected by. */
export async function signalSpeed(times: Times): Promise<readonly SignalFigures[]> {
  const figures: SignalFigures[] = [];
  for (const promptTokens of promptSizes) {
    const prompts = promptsOf(promptTokens);
    const timing = await timed(times, (index) =>
      signalsIn(prompts[index % promptsKept] ?? {}, promptTokens),
    );
    figures.push({ promptTokens, timing });
  }
  return figures;
}
