import type { ProbeVerdict } from '../domain/probe-verdict.js';
import type { PresentSession } from '../domain/session-index.js';

/** Whom to ask: a hosted API with its own credential, or a worker at its broker. */
export type ProbeDoor =
  | Readonly<{
      kind: 'http';
      url: string;
      headers: Readonly<Record<string, string>>;
      /** Who may have calls made to more places than others. */
      isOfOperator: boolean;
    }>
  | Readonly<{ kind: 'session'; present: PresentSession }>;

export type ProbeQuestion = Readonly<{
  door: ProbeDoor;
  /** Null asks for the list. */
  model: string | null;
  outputTokens: number;
  totalMs: number;
  /** Nobody wants to know any more. */
  signal: AbortSignal;
}>;

export type ProbeAnswer = Readonly<{
  verdict: ProbeVerdict;
  retryAfterMs: number | null;
  /** Of a stream that went well. */
  firstMs: number | null;
  /** Of a list. */
  listed?: ReadonlySet<string>;
}>;

/** Makes probes. What goes wrong with whoever is asked is an answer as well. */
export abstract class ProbeClient {
  /** Rejects only where nobody wants to know any more. */
  abstract ask(question: ProbeQuestion): Promise<ProbeAnswer>;
}
