import { benchFlags, type CommonFlags } from '../bench-flags.js';

/** What the ledger's bench measures, in this order. */
export const ledgerParts = ['pairs', 'leases', 'latency', 'history'] as const;
export type LedgerPart = (typeof ledgerParts)[number];

export type LedgerBenchOptions = CommonFlags<LedgerPart> &
  Readonly<{
    wallets: number;
    /** Calls under way at once. */
    callsMax: number;
    warmUpMs: number;
    measureMs: number;
    /** Long enough that the 99th percentile is not that of a single stall. */
    latencyMs: number;
    /** Reports in one call of settled leases: as many as a busy gateway sends together. */
    reportsPerCall: number;
    ratePerS: number;
    receipts: number;
  }>;

const full = {
  wallets: 64,
  callsMax: 200,
  warmUpMs: 5_000,
  measureMs: 10_000,
  latencyMs: 30_000,
  reportsPerCall: 100,
  ratePerS: 500,
  receipts: 1_000_000,
} as const;

const quick = {
  ...full,
  warmUpMs: 1_000,
  measureMs: 2_000,
  latencyMs: 2_000,
  receipts: 20_000,
} as const;

export const ledgerUsage = `
The ledger, through the door of accounts and in its tables:
  npm run bench -- ledger [options]
  --quick                 half a minute's look at whether it works; the page is left as it is
  --json                  everything that was measured, as JSON
  --only NAME,NAME        only these parts; the page is left as it is (${ledgerParts.join(', ')})
  --profile-folder PATH   leaves V8 processor profiles of accounts there
`;

/** Throws where a flag is unknown or makes no sense. */
export function ledgerBenchOptions(args: readonly string[]): LedgerBenchOptions {
  const { common } = benchFlags(args, ledgerParts);
  return { ...(common.isQuick ? quick : full), ...common };
}
