import { parseArgs } from 'node:util';
import { z } from 'zod';
import { type Day, dayAfter, startOf } from '../domain/audit-block.js';
import type { Counts, Finding, Window } from '../domain/reconciliation.js';
import { type AuditBlocks, dayBefore, type KnownHash } from '../services/audit-blocks.js';
import type { Reconciliations } from '../services/reconciliations.js';

export const reconcileUsage = `Reconciles a day of the ledger, of ACCOUNTS_DATABASE_URL, and says what contradicts what.

  --day 2026-11-25           which day (UTC); yesterday where it is left out. Balances are looked at as they are
  --verify-audit             only the chain of audit blocks: names the first one that differs
  --known 2026-11-24=HASH    what was kept elsewhere of a block; any number of times, with --verify-audit
  --record                   also writes it down, so that the metrics tell of it; of yesterday only
  --json                     for programs

Ends with 0 where all is well, 1 where something contradicts something, 2 where it could not find out.`;

export type ReconcileOptions = Readonly<{
  day: Day | undefined;
  isVerifyOnly: boolean;
  known: readonly KnownHash[];
  isRecorded: boolean;
  isJson: boolean;
}>;

export type ReconcileParts = Readonly<{
  reconciliations: Reconciliations;
  blocks: AuditBlocks;
  now: () => Date;
}>;

type Answer = Readonly<{
  from?: string;
  to?: string;
  counts: Counts;
  violations: readonly Finding[];
}>;

/** How the process ends. */
export type ExitCode = 0 | 1 | 2;

/** Throws where a flag is unknown or makes no sense. */
export function reconcileOptions(args: readonly string[]): ReconcileOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      day: { type: 'string' },
      'verify-audit': { type: 'boolean', default: false },
      known: { type: 'string', multiple: true, default: [] },
      record: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const isVerifyOnly = values['verify-audit'];
  if (isVerifyOnly && (values.record || values.day !== undefined))
    throw new Error('--verify-audit looks at all days and writes nothing down');
  // The metrics tell of the last day: another one must not take its place.
  if (values.record && values.day !== undefined)
    throw new Error('--record is of yesterday, and goes without --day');
  if (!isVerifyOnly && values.known.length > 0) throw new Error('--known goes with --verify-audit');
  return {
    day: values.day === undefined ? undefined : dayIn(values.day),
    isVerifyOnly,
    known: values.known.map(knownIn),
    isRecorded: values.record,
    isJson: values.json,
  };
}

/** Looks, says what it saw, and says how the process is to end. */
export async function reconcile(
  options: ReconcileOptions,
  parts: ReconcileParts,
  print: (text: string) => void,
): Promise<ExitCode> {
  const answer = options.isVerifyOnly
    ? await verified(options, parts)
    : await looked(options, parts);
  if (answer === undefined) {
    print('Another process is reconciling a day at the moment; try again when it is done.');
    return 2;
  }
  print(options.isJson ? JSON.stringify(answer, null, 2) : textOf(answer));
  return answer.violations.length === 0 ? 0 : 1;
}

async function verified({ known }: ReconcileOptions, { blocks }: ReconcileParts): Promise<Answer> {
  const { blocks: count, findings } = await blocks.verify(known);
  return { counts: { blocks: count }, violations: findings };
}

async function looked(options: ReconcileOptions, parts: ReconcileParts) {
  const window = windowOf(options.day ?? dayBefore(parts.now()));
  const { reconciliations } = parts;
  const outcome = options.isRecorded
    ? await reconciliations.repeat('day', window)
    : await reconciliations.look('day', window);
  if (!outcome) return undefined;
  const { counts, findings: violations } = outcome;
  return { from: window.from.toISOString(), to: window.to.toISOString(), counts, violations };
}

function windowOf(day: Day): Window {
  return { from: startOf(day), to: startOf(dayAfter(day)) };
}

function textOf({ from, to, counts, violations }: Answer): string {
  const seen = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  const what = `${from === undefined ? '' : `From ${from} to ${to}: `}${seen.join(', ')}.`;
  if (violations.length === 0) return `${what}\nNothing contradicts anything.`;
  const rows = [
    ['VIOLATION', 'SUBJECT', 'DETAIL'],
    ...violations.map(({ violation, subject, detail }) => [violation, subject, detail]),
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '),
  );
  return [what, '', ...lines].join('\n');
}

function dayIn(text: string): Day {
  if (z.iso.date().safeParse(text).success) return text;
  throw new Error(`${text} is no day such as 2026-11-25`);
}

function knownIn(text: string): KnownHash {
  const [day = '', hash = ''] = text.split('=');
  if (!/^[0-9a-f]{64}$/.test(hash)) throw new Error(`${text} is no day and hash`);
  return { day: dayIn(day), hash };
}
