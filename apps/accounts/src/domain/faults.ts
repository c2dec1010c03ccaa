import { defineFaults } from '@aisbf/faults';

/** Every way accounts can refuse. The keys are part of the public API: add, never rename. */
export const faults = defineFaults({
  API_TOKEN_INVALID: ['unauthenticated', 'The API token is not valid.'],
  SCOPE_MISSING: ['forbidden', 'The API token may not do this.'],
  ADDRESS_NOT_ALLOWED: ['forbidden', 'This API token may not be used from this address.'],
  OPERATOR_ONLY: ['forbidden', 'Only an operator may do this.'],
  OWNER_MISSING: ['missing', 'There is no such user.'],
  USERNAME_TAKEN: ['conflict', 'This name is taken.'],
  EMAIL_TAKEN: ['conflict', 'Another user has this address.'],
  LAST_OPERATOR: ['conflict', 'Nobody would be left to manage this market.'],
  SIGN_UP_CLOSED: ['forbidden', 'Users are made by the operators of this market.'],
  MAIL_UNAVAILABLE: ['unavailable', 'This market cannot send mails at the moment.'],
  ATTEMPTS_TOO_MANY: ['throttled', 'Too many attempts at this account; wait a while.'],
  SIGN_IN_UNAVAILABLE: ['unavailable', 'Signing in is not possible at the moment.'],
  API_TOKEN_NOT_FOUND: ['missing', 'There is no such API token.'],
  RECEIPT_MISSING: ['missing', 'There is no such receipt.'],
  INSUFFICIENT_BALANCE: ['exhausted', 'The balance does not cover what this request could cost.'],
  HELD_BY_OTHER_REQUESTS: [
    'exhausted',
    'The balance would cover this request, but other running requests hold it.',
  ],
  CONCURRENCY_EXCEEDED: ['throttled', 'This API token has as many requests running as it may.'],
  HOLD_PARAMETERS_DIFFER: ['conflict', 'This request id was used before, for another request.'],
  LEDGER_UNAVAILABLE: ['unavailable', 'The ledger cannot be reached at the moment.'],
  HOLD_MISSING: ['missing', 'There is no such hold.'],
  HOLD_DECLINED: ['conflict', 'The hold was declined; there is nothing to settle.'],
  SETTLEMENT_INVALID: ['invalid', 'The settlement does not fit its hold.'],
  GRANT_PARAMETERS_DIFFER: ['conflict', 'This grant id was used before, for another grant.'],
  AMOUNT_TOO_LARGE: ['invalid', 'The amount is larger than a wallet can hold.'],
});
