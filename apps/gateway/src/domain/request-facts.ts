import type { RequestFacts } from '@aisbf/contracts';
import { type ChatRequest, hasTools, promptInputs } from '@aisbf/openai';
import type { BuyerWishes } from './route-wishes.js';

/** A chat request as it came, and what was read of it. */
export type ReadChat = Readonly<{ text: string; request: ChatRequest; wishes: BuyerWishes }>;

/** What the router is told of a request. */
export function factsOf({ text, request, wishes }: ReadChat, promptTokens: number): RequestFacts {
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
  };
}

/** Of a plain request there is nothing to say. */
function besidesText({ body }: ChatRequest): Pick<RequestFacts, 'inputs' | 'hasTools'> {
  const inputs = [...promptInputs(body)];
  return { ...(inputs.length > 0 && { inputs }), ...(hasTools(body) && { hasTools: true }) };
}
