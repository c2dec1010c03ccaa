import type { Principal } from '@aisbf/contracts';
import { accessFaults } from './access-faults.js';

/** What only operators may do. */
export function requireOperator({ role }: Pick<Principal, 'role'>): void {
  if (role !== 'operator') throw accessFaults.OPERATOR_ONLY();
}

/** A user's own address (`/api/u/{username}`) is for that user, and for operators. */
export function requireOwnPath(
  { role, username }: Pick<Principal, 'role' | 'username'>,
  pathUsername: string | null,
): void {
  if (pathUsername === null || pathUsername === username || role === 'operator') return;
  throw accessFaults.USER_FOREIGN();
}
