import { defineFaults } from '@aisbf/faults';

/** How any of our services refuses a caller for what it is. The keys are part of the public API. */
export const accessFaults = defineFaults({
  API_TOKEN_INVALID: [
    'unauthenticated',
    'The API token is missing, malformed, unknown, expired or revoked.',
  ],
  SCOPE_MISSING: ['forbidden', 'This API token may not be used for this.'],
  ADDRESS_NOT_ALLOWED: ['forbidden', 'This API token may not be used from this address.'],
  USER_FOREIGN: ['forbidden', "This address belongs to another user than the API token's."],
  OPERATOR_ONLY: ['forbidden', 'Only an operator may do this.'],
});
