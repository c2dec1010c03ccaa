import type { Settled } from '@aisbf/contracts';
import type { Pool } from 'pg';

/** What a client was told of one request, or `unknown` where its answer was lost. */
export type Told = Readonly<{
  requestId: string;
  result: Settled['result'] | 'unknown';
  charged: string;
}>;

type Entry = Readonly<{ state: string; captured: string }>;

/**
 * Compares what clients were told with what the ledger has: whatever was told must be there. An unknown outcome may
 * have happened or not, but not both: that the ledger does not contradict itself says its oracle.
 */
export async function contradictions(
  admin: Pool,
  outcomes: readonly Told[],
): Promise<readonly string[]> {
  const { rows } = await admin.query<Entry & { id: string }>(
    'SELECT id, state, captured::text FROM receipt WHERE id = ANY ($1)',
    [outcomes.map(({ requestId }) => requestId)],
  );
  const entries = new Map<string, Entry>(rows.map(({ id, ...entry }) => [id, entry]));
  return outcomes.flatMap((told) => {
    const entry = entries.get(told.requestId);
    if (told.result === 'unknown' || isAsTold(told, entry)) return [];
    const found = entry ? `${entry.state} for ${entry.captured}` : 'nothing';
    return [
      `${told.requestId} was told ${told.result} for ${told.charged}, the ledger has ${found}`,
    ];
  });
}

function isAsTold({ result, charged }: Told, entry: Entry | undefined): boolean {
  // Fenced: whatever the ledger has, it is not by this report.
  if (result === 'fenced') return charged === '0';
  if (!entry || entry.captured !== charged) return false;
  return result === 'replay' || entry.state === result;
}
