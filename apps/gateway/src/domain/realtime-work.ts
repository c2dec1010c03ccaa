import { createHash } from 'node:crypto';
import { TextPrompt } from '@aisbf/metering';
import { mediaDialect, missing, modelProblem, type RequestProblem } from '@aisbf/openai';
import type { SignalLimits } from '@aisbf/signals';
import { type BuyerPlace, fieldsAt } from './buyer-place.js';
import { readRouteWishes } from './route-wishes.js';
import type { Work } from './work.js';

export type SessionTerms = Readonly<{
  place: BuyerPlace;
  sessionHeader: string | undefined;
  signalLimits: SignalLimits;
  /** The buyer speaks the API as it was in its beta. */
  isBeta: boolean;
  /** What money is held for before there is anything to count: one answer. */
  outputTokens: number;
}>;

const betaHeader = { 'openai-beta': 'realtime=v1' };

/** Reads what a session is wanted with, or says what is wrong with it. */
export function readRealtimeWork(
  query: URLSearchParams,
  { place, sessionHeader, signalLimits, isBeta, outputTokens }: SessionTerms,
): Work | RequestProblem {
  const [name, ...others] = query.getAll('model');
  if (others.length > 0) return missing('model', 'given once');
  const problem = modelProblem({ model: name });
  if (problem) return problem;
  const wishes = readRouteWishes({}, sessionHeader);
  if ('code' in wishes) return wishes;
  const { model } = fieldsAt(place, { model: name });
  const route = String(model);
  return {
    endpoint: 'realtime',
    request: {
      model: route,
      isStream: false,
      outputTokensMax: outputTokens,
      choices: 1,
      hasUsageChunk: false,
      body: {},
    },
    wishes,
    prompt: new TextPrompt([]),
    given: {},
    inputs: [],
    hasTools: false,
    bodyBytes: 0,
    hash: () => createHash('sha256').update(`realtime\n${route}`).digest('hex'),
    bodyFor: () => undefined,
    headersOf: () => (isBeta ? betaHeader : {}),
    dialect: mediaDialect,
    address: {
      method: 'GET',
      path: '/v1/realtime',
      targetFor: (there) => `/realtime?model=${encodeURIComponent(there)}`,
      accept: '*/*',
    },
    signalLimits,
  };
}
