import type { RequestFacts } from '@aisbf/contracts';
import { type ChatRequest, hasTools, promptInputs } from '@aisbf/openai';
import { type SignalLimits, signalsOf } from '@aisbf/signals';
import { isAutoselectRoute } from './autoselect-route.js';
import type { BuyerWishes } from './route-wishes.js';

/** A chat request as it came, and what was read of it. */
export type ReadChat = Readonly<{
  text: string;
  request: ChatRequest;
  wishes: BuyerWishes;
  /** How much of it is looked at where a route is selected by it. */
  signalLimits: SignalLimits;
}>;

/** What the router is told of a request. */
export function factsOf(chat: ReadChat, promptTokens: number): RequestFacts {
  const { text, request, wishes, signalLimits } = chat;
  const routes = [request.model, ...(wishes.facts.fallbacks ?? [])];
  return {
    endpoint: 'chat.completions',
    route: request.model,
    isStream: request.isStream,
    bodyBytes: Buffer.byteLength(text),
    promptTokens,
    outputTokensMax: request.outputTokensMax,
    choices: request.choices,
    ...wishes.facts,
    ...besidesText(request),
    // Looked at only where something is selected by it.
    ...(routes.some(isAutoselectRoute) && {
      signals: signalsOf(request.body, promptTokens, signalLimits),
    }),
  };
}

/** Of a plain request there is nothing to say. */
function besidesText({ body }: ChatRequest): Pick<RequestFacts, 'inputs' | 'hasTools'> {
  const inputs = [...promptInputs(body)];
  return { ...(inputs.length > 0 && { inputs }), ...(hasTools(body) && { hasTools: true }) };
}
