import type { ProbeKind } from '@aisbf/contracts';

/** What one probe asks of whom. */
export type ProbeTarget = Readonly<{
  kind: ProbeKind;
  providerId: string;
  /** A worker; null is a hosted provider. */
  sessionId: string | null;
  /** The name at the provider; null asks for all of them. */
  model: string | null;
}>;

/** The same for the same target, whoever makes it. */
export function probeKey({ kind, providerId, sessionId, model }: ProbeTarget): string {
  return JSON.stringify([kind, providerId, sessionId, model]);
}
