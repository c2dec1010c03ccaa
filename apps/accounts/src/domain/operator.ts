import type { Principal } from '@aisbf/contracts';
import { faults } from './faults.js';

/** What only operators may do. */
export function requireOperator({ role }: Pick<Principal, 'role'>): void {
  if (role !== 'operator') throw faults.OPERATOR_ONLY();
}

/** A user's own address (`/api/u/{username}`) is for that user, and for operators. */
export function requireOwnPath(
  { role, username }: Pick<Principal, 'role' | 'username'>,
  pathUsername: string | null,
): void {
  if (pathUsername === null || pathUsername === username || role === 'operator') return;
  throw faults.USER_FOREIGN();
}
