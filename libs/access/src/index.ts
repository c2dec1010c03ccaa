export { accessFaults } from './access-faults.js';
export { AccessLease, type AccessLeaseSettings, AccessOffice } from './access-lease.js';
export { AccessTokens, isAccessToken } from './access-tokens.js';
export { isAddressAllowed, isAddressIn } from './address-rules.js';
export { requireOperator, requireOwnPath } from './caller-rules.js';
export { PrincipalSource, Principals, type PrincipalsSettings } from './principals.js';
export { accessSettings, RunningAccess, type StartAccess } from './running-access.js';
