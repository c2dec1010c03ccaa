import type { Principal } from '@aisbf/contracts';
import { faults } from './faults.js';

/** A user's own address (`/api/u/{username}`) is for that user, and for operators. */
export function requireOwnPath(principal: Principal, pathUsername: string | null): void {
  if (pathUsername === null || pathUsername === principal.username) return;
  if (principal.role !== 'operator') throw faults.USER_FOREIGN();
}
