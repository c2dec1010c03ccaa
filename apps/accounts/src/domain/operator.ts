import type { Principal } from '@aisbf/contracts';
import { faults } from './faults.js';

/** What only operators may do. */
export function requireOperator({ role }: Pick<Principal, 'role'>): void {
  if (role !== 'operator') throw faults.OPERATOR_ONLY();
}
