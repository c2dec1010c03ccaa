import type { JsonBody, RequestProblem } from './json-body.js';

/** A request in the words of chat, or why it cannot be said so. */
export type AsChat = Readonly<{ chat: JsonBody }> | Readonly<{ problem: RequestProblem }>;

/** Thrown and caught within a translation only. */
class Inexpressible extends Error {
  override readonly name = 'Inexpressible';

  constructor(readonly problem: RequestProblem) {
    super(problem.message);
  }
}

/** Says what a translator makes, or what it has stumbled over. */
export function asChat(translate: () => JsonBody): AsChat {
  try {
    return { chat: translate() };
  } catch (error) {
    if (error instanceof Inexpressible) return { problem: error.problem };
    throw error;
  }
}

/** A value that is none at all. */
export function malformed(param: string, what: string): Error {
  const message = `'${param}' must be ${what}.`;
  return new Inexpressible({ code: 'invalid_type', message, param });
}

/** A value that is good elsewhere. */
export function unsupported(param: string, what: string): Error {
  const message = `'${param}': ${what} cannot be had here.`;
  return new Inexpressible({ code: 'unsupported_parameter', message, param });
}

/** A whole part of the API. */
export function unsupportedFeature(param: string, what: string): Error {
  const message = `'${param}': ${what} cannot be had here.`;
  return new Inexpressible({ code: 'unsupported_feature', message, param, isFeature: true });
}
