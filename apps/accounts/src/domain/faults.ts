import { defineFaults } from '@aisbf/faults';

/** Every way accounts can refuse. The keys are part of the public API: add, never rename. */
export const faults = defineFaults({
  API_TOKEN_INVALID: ['unauthenticated', 'The API token is not valid.'],
  SCOPE_MISSING: ['forbidden', 'The API token may not do this.'],
  OPERATOR_ONLY: ['forbidden', 'Only an operator may do this.'],
  OWNER_MISSING: ['missing', 'There is no such user.'],
  USERNAME_TAKEN: ['conflict', 'This name is taken.'],
  API_TOKEN_NOT_FOUND: ['missing', 'There is no such API token.'],
  RECEIPT_MISSING: ['missing', 'There is no such receipt.'],
  INSUFFICIENT_BALANCE: ['exhausted', 'The balance does not cover what this request could cost.'],
  HELD_BY_OTHER_REQUESTS: [
    'exhausted',
    'The balance would cover this request, but other running requests hold it.',
  ],
  BUDGET_EXCEEDED: ['exhausted', 'The budget of this API token does not cover this request.'],
  CONCURRENCY_EXCEEDED: ['throttled', 'This API token has as many requests running as it may.'],
  HOLD_PARAMETERS_DIFFER: ['conflict', 'This request id was used before, for another request.'],
  LEDGER_UNAVAILABLE: ['unavailable', 'The ledger cannot be reached at the moment.'],
  HOLD_MISSING: ['missing', 'There is no such hold.'],
  HOLD_DECLINED: ['conflict', 'The hold was declined; there is nothing to settle.'],
  TICKET_INVALID: ['invalid', 'The ticket is none that a router gave for this request.'],
  SETTLEMENT_INVALID: ['invalid', 'The settlement does not fit its hold.'],
  GRANT_PARAMETERS_DIFFER: ['conflict', 'This grant id was used before, for another grant.'],
  PAYOUT_MISSING: ['missing', 'There is no such payout.'],
  PAYOUT_BATCH_MISSING: ['missing', 'There is no such batch of payouts.'],
  PAYOUT_ACCOUNT_SET: ['conflict', 'An operator has said how these earnings are paid out.'],
  PAYOUT_ACCOUNT_NEEDLESS: ['invalid', "The operator's own earnings are not paid out."],
  PAYOUT_PROVIDER_MISSING: ['unavailable', 'This market has no payment provider for payouts.'],
  PAYOUT_PROVIDER_UNAVAILABLE: [
    'unavailable',
    'The payment provider does not answer as it should.',
  ],
  PAYOUT_QUEUE_UNAVAILABLE: ['unavailable', 'The queue of payouts cannot be reached.'],
  REPORT_TOO_LONG: ['invalid', 'The answer would be too long: ask for less, or for CSV.'],
  REPORTS_BUSY: ['throttled', 'Too many reports are being made at the moment.'],
  AMOUNT_TOO_LARGE: ['invalid', 'The amount is larger than a wallet can hold.'],
});
