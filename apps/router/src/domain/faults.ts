import { defineFaults } from '@aisbf/faults';

/** Every way the router can refuse. The keys are part of the public API: add, never rename. */
export const faults = defineFaults({
  ROUTE_NOT_ALLOWED: ['forbidden', 'This API token may not call this model.'],
  MODEL_NOT_FOUND: ['missing', 'There is no such model, or this API token may not call it.'],
  ROUTE_AMBIGUOUS: [
    'invalid',
    'Several owners sell a model of this name; name the owner: {owner}/provider/{provider}/{model}.',
  ],
  REQUEST_TOO_LARGE: [
    'oversized',
    'No worker that serves this model takes a request of this size.',
  ],
  PROMPT_TOO_LONG: [
    'invalid',
    'The prompt is longer than the context of every worker that serves this model.',
  ],
  INPUT_UNSUPPORTED: [
    'invalid',
    'No worker that serves this model takes all that the messages hold: images, audio or video.',
  ],
  TOOLS_UNSUPPORTED: ['invalid', 'No worker that serves this model lets it call tools.'],
  NO_WORKER_FITS: [
    'invalid',
    'Each worker that serves this model lacks something that this request needs.',
  ],
  CHAT_UNSUPPORTED: ['invalid', 'This model is not one that chats.'],
  ENDPOINT_UNSUPPORTED: ['unsupported', 'Nobody who has this model serves this endpoint.'],
  PRICE_ABOVE_MAX: [
    'invalid',
    'Everybody who serves this model costs more than the request (max_price, max_cost) or the import that leads there (maxPrices) allows.',
  ],
  WISHES_UNMET: ['invalid', 'What this request wishes of its route leaves nobody to serve it.'],
  PRIVACY_UNMET: [
    'unprocessable',
    'This request counts as private, and nobody who may see it can serve it.',
  ],
  SELECTION_EMPTY: ['unavailable', 'Nobody fits what this autoselect asks for at the moment.'],
  NO_CANDIDATE: ['unavailable', 'The model exists, but nobody can serve it at the moment.'],
  RATE_LIMIT_EXCEEDED: ['throttled', 'This API token has reached its rate limit.'],
  PROVIDER_RATE_REACHED: [
    'throttled',
    'Whoever serves this model takes no more requests of this buyer at the moment.',
  ],
  LIMITS_UNAVAILABLE: ['unavailable', 'Rate limits cannot be checked at the moment.'],
  CATALOGUE_NOT_LOADED: ['unavailable', 'The catalogue is not loaded yet.'],
  CATALOGUE_UNREACHABLE: ['unavailable', 'The catalogue cannot be read or changed at the moment.'],
  PROBE_QUEUE_UNAVAILABLE: ['unavailable', 'Probes cannot be queued at the moment.'],
  PROVIDER_NOT_FOUND: ['missing', 'There is no such provider.'],
  PROVIDER_EXISTS: ['conflict', 'There is a provider of this name already.'],
  PROVIDER_NAME_RESERVED: [
    'invalid',
    'This name is a word of routes or addresses and cannot name a provider.',
  ],
  PROVIDER_WITHOUT_WORKERS: ['conflict', 'This provider has no workers, so no registration token.'],
  PROVIDER_WITHOUT_CREDENTIAL: [
    'conflict',
    'This provider has workers, so no credential: they dial in.',
  ],
  PROVIDER_NOT_HOSTED: [
    'conflict',
    'This provider has workers, so no address, headers or list of models: they dial in.',
  ],
  PROVIDER_URL_REFUSED: [
    'invalid',
    'The market calls no hosted provider there: its address must be of the internet, its scheme and port such as the details say.',
  ],
  PROVIDER_HOSTING_CLOSED: [
    'forbidden',
    'In this installation only operators offer hosted providers; connect a worker.',
  ],
  PROVIDER_SECRETS_NEEDED: [
    'invalid',
    'The URL leads to another server: say the credential, and where there were any the headers and the query, again for it.',
  ],
  PROVIDER_SECRETS_UNREADABLE: [
    'conflict',
    'What is stored cannot be read: say the credential, and where there were any the headers and the query, all anew.',
  ],
  PROVIDER_CALL_TOO_LONG: [
    'invalid',
    'With the credential filled in, the headers or the URL are longer than servers take.',
  ],
  REGISTRATION_NOT_FOUND: ['missing', 'There is no such registration.'],
  REGISTRATIONS_TOO_MANY: [
    'conflict',
    'The provider has as many valid registrations as it may have; revoke one.',
  ],
  EXPIRY_NOT_AHEAD: ['invalid', 'The time of expiry must lie in the future.'],
  MODEL_NOT_OFFERED: ['invalid', 'The provider does not offer this model.'],
  PRICE_TOO_HIGH: ['invalid', 'A price is higher than this installation allows.'],
  VALID_FROM_PASSED: [
    'invalid',
    'The moment from which it is to hold has passed; leave it out for at once.',
  ],
  VALID_FROM_TOO_FAR: [
    'invalid',
    'The moment from which it is to hold lies further ahead than this installation allows.',
  ],
  CHANGES_AHEAD_TOO_MANY: [
    'conflict',
    'As many changes lie ahead as there may be; withdraw one, or wait until one has begun.',
  ],
  CHANGE_NOT_FOUND: ['missing', 'There is no such change.'],
  CHANGE_BEGUN: ['conflict', 'The change has begun and cannot be withdrawn; set another one.'],
  LISTING_NOT_FOUND: ['missing', 'There is no such listing.'],
  ROTATION_NOT_FOUND: ['missing', 'There is no such rotation.'],
  AUTOSELECT_NOT_FOUND: ['missing', 'There is no such autoselect.'],
  AUTOSELECT_CLASS_UNKNOWN: [
    'invalid',
    'A decision asks for a class that the autoselect does not have.',
  ],
  AUTOSELECT_BUILT_IN: ['conflict', 'A built-in autoselect cannot be deleted.'],
  IMPORT_NOT_FOUND: ['missing', 'There is no such import.'],
  IMPORT_NOT_ON_SALE: [
    'missing',
    'This import of yours leads to a listing that is gone, or no longer on sale to you.',
  ],
  IMPORT_OF_OWN: ['invalid', 'The listing is your own, and needs no import.'],
  IMPORTS_TOO_MANY: ['conflict', 'There are as many imports as there may be; delete one.'],
  ROTATION_LOOP: ['invalid', 'The rotation would lead to itself.'],
  ROTATION_MEMBER_REPEATED: ['invalid', 'A rotation names the same model of a provider twice.'],
});
