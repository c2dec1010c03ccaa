import type { EndpointName, Plan } from '@aisbf/contracts';
import type { Work } from './work.js';

/** How much a request may ask for that is sent to two at once. */
export type HedgeBounds = Readonly<{ promptTokensMax: number; outputTokensMax: number }>;

/** What is known of a request that might be. */
export type HedgedWork = Readonly<{
  endpoint: EndpointName;
  request: Pick<Work['request'], 'model' | 'isStream' | 'outputTokensMax' | 'choices'>;
  promptTokens: number;
  /** Nobody waits for it. */
  isBatch: boolean;
}>;

/** Words in, words or numbers out: nothing comes to be by asking twice, and half an answer has cost little. */
const repeatable: ReadonlySet<EndpointName> = new Set<EndpointName>([
  'chat.completions',
  'completions',
  'embeddings',
  'moderations',
  'rerank',
]);

/**
 * After how long a slow candidate gets company; undefined where it gets none. Who is asked in vain is not paid, so that
 * a request must say itself that it is short.
 */
export function hedgeAfterMs(
  { hedge }: Pick<Plan, 'hedge'>,
  { endpoint, request, promptTokens, isBatch }: HedgedWork,
  { promptTokensMax, outputTokensMax }: HedgeBounds,
): number | undefined {
  if (!hedge || isBatch || !repeatable.has(endpoint)) return undefined;
  if (request.outputTokensMax === null || promptTokens > promptTokensMax) return undefined;
  const isShort = request.outputTokensMax * request.choices <= outputTokensMax;
  return isShort ? hedge.afterMs : undefined;
}
