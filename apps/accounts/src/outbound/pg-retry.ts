import { setTimeout as delay } from 'node:timers/promises';
import { faults } from '../domain/faults.js';

/** Conflicts between transactions, which a repeat resolves, and broken connections, whose outcome is unknown. */
const retryableCodes = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '55P03', // lock_not_available
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '08006', // connection_failure
  '08003', // connection_does_not_exist
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
]);

/** After these nothing of the work can have been carried out; after the others it may have been. */
const undoneCodes: ReadonlySet<unknown> = new Set([
  '40001',
  '40P01',
  '55P03',
  '57P03',
  'ECONNREFUSED',
]);

const attemptsMax = 5;
const firstDelayMs = 20;

/**
 * Runs idempotent work again while the failure is one that passes. One that does not pass soon is a fault:
 * a database that is away is no bug, and whoever asked may ask again. Its detail `wasSent` tells whether one of
 * the attempts may have been carried out all the same.
 */
export async function withRetry<Result>(work: () => Promise<Result>): Promise<Result> {
  let wasSent = false;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error)) throw error;
      wasSent ||= !undoneCodes.has((error as NodeJS.ErrnoException).code);
      if (attempt === attemptsMax) throw faults.LEDGER_UNAVAILABLE({ wasSent }, { cause: error });
      await delay(firstDelayMs * 2 ** attempt * (0.5 + Math.random()));
    }
  }
}

/** Whether a database's failure is one that passes by itself. */
export function isPassing(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined ? /connection terminated/i.test(message) : retryableCodes.has(code);
}
