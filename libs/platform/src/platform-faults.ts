import { defineFaults } from '@aisbf/faults';

/** What any of our HTTP doors may answer, whatever the service behind it does. */
export const platformFaults = defineFaults({
  REQUEST_INVALID: ['invalid', 'The request is not of the form that this call takes.'],
  BODY_TOO_LARGE: ['oversized', 'The body is larger than this server takes.'],
  NOT_FOUND: ['missing', 'There is nothing at this address.'],
  INTERNAL_SECRET_WRONG: ['forbidden', 'This call is for the services of this installation only.'],
  PEER_UNREACHABLE: ['unavailable', 'A service that is needed for this does not answer.'],
  PEER_ANSWER_INVALID: [
    'unavailable',
    'A service that is needed for this gave an unusable answer.',
  ],
});
