import { type SessionDemands, sessionRejection } from './session-fit.js';
import type { PresentSession } from './session-index.js';

/** What all workers of a provider take of one kind of request: whoever asks for no more need not look at each. */
export type Roster = Readonly<{
  /** Each of them takes the least that such a request can be. */
  isReady: boolean;
  promptTokensMax: number;
  frameBytesMax: number;
}> &
  Kind;

/** Kinds are told apart by what a request has not much choice of. */
type Kind = Readonly<Pick<SessionDemands, 'endpoint' | 'isAsItCame' | 'sessionQueuedMax'>>;

export function rosterOf(
  sessions: readonly PresentSession[],
  model: string,
  { endpoint, isAsItCame = false, sessionQueuedMax }: Kind,
): Roster {
  const least = {
    ...{ endpoint, isAsItCame, sessionQueuedMax },
    ...{ bodyBytes: 0, promptTokens: 0, frameOverheadBytes: 0 },
  };
  let [isReady, promptTokensMax, frameBytesMax] = [true, Number.MAX_VALUE, Number.MAX_VALUE];
  for (const { session } of sessions) {
    isReady &&= sessionRejection(model, session, least) === undefined;
    const told = session.models.find(({ name }) => name === model)?.contextTokensMax;
    promptTokensMax = Math.min(promptTokensMax, told ?? promptTokensMax);
    frameBytesMax = Math.min(frameBytesMax, session.frameBytesMax);
  }
  return { isReady, promptTokensMax, frameBytesMax, endpoint, isAsItCame, sessionQueuedMax };
}

export function isOfKind(
  roster: Roster,
  { endpoint, isAsItCame = false, sessionQueuedMax }: Kind,
): boolean {
  return (
    roster.endpoint === endpoint &&
    roster.isAsItCame === isAsItCame &&
    roster.sessionQueuedMax === sessionQueuedMax
  );
}

/** Whether each of the workers fits, as far as that can be said without looking at any. */
export function isForAll(
  { isReady, promptTokensMax, frameBytesMax }: Roster,
  demands: SessionDemands,
): boolean {
  const { inputs, hasTools, preferences, promptTokens, bodyBytes, frameOverheadBytes } = demands;
  const isChoosy = inputs?.length || hasTools || preferences?.quantizations;
  return (
    isReady &&
    !isChoosy &&
    !preferences?.parameters &&
    promptTokens <= promptTokensMax &&
    bodyBytes + frameOverheadBytes <= frameBytesMax
  );
}
