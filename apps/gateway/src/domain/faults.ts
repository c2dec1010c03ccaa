import { defineFaults } from '@aisbf/faults';

/** Every way the gateway itself can refuse. The keys are part of the public API: add, never rename. */
export const faults = defineFaults({
  API_TOKEN_MISSING: [
    'unauthenticated',
    'There is no API token: send it as `Authorization: Bearer …`.',
  ],
  API_TOKEN_INVALID: ['unauthenticated', 'The API token is not valid.'],
  MODEL_MISSING: ['missing', 'There is no such model for this API token.'],
  ENDPOINT_MISSING: ['missing', 'There is no such endpoint.'],
  IDEMPOTENCY_KEY_INVALID: [
    'invalid',
    'An idempotency key has 1 to 255 printable ASCII characters.',
  ],
  IDEMPOTENCY_KEY_REUSED: [
    'unprocessable',
    'This idempotency key was used before, for another request.',
  ],
  IDEMPOTENCY_KEY_RUNNING: ['conflict', 'A request with this idempotency key is still running.'],
  IDEMPOTENT_ANSWER_NOT_KEPT: [
    'conflict',
    'This request was answered before; of its answer there is only the receipt.',
  ],
  FORM_INVALID: ['invalid', 'The body is not `multipart/form-data` from its beginning to its end.'],
  FORM_TOO_LARGE: ['oversized', 'The form holds more, or larger files, than may be sent here.'],
  MEDIA_UNREADABLE: [
    'invalid',
    'How long the sound is cannot be read from the file; send it as wav, mp3, m4a, ogg, flac or webm.',
  ],
  RESPONSE_MISSING: ['missing', 'There is no such response for this API token, or not any more.'],
  PREVIOUS_RESPONSE_NOT_FOUND: [
    'missing',
    'There is no such response for this API token, or not any more: nothing can build on it.',
  ],
  RESPONSE_NOT_CANCELLABLE: [
    'invalid',
    'Only a response in the background can be cancelled; this one has ended.',
  ],
  GENERATION_ID_INVALID: ['invalid', 'The id must be one that `x-request-id` has named.'],
  FILES_OFF: ['missing', 'This market keeps no files.'],
  FILE_MISSING: ['missing', 'There is no such file.'],
  FILE_UNREADABLE: ['unavailable', 'The file cannot be read here; its key is missing.'],
  BATCH_MISSING: ['missing', 'There is no such batch.'],
  BATCH_FILE_MISSING: ['invalid', 'There is no such file with the purpose `batch`.'],
  BATCH_CLAIM_LOST: ['conflict', 'Somebody else works on this batch.'],
  BATCH_LINE_CLOSED: ['conflict', 'This line of the batch has an outcome already.'],
  BATCH_ANSWER_UNFIT: ['upstream', 'The answer is not one that a batch can hold.'],
  BATCH_QUEUE_UNAVAILABLE: ['unavailable', 'The queue of batches cannot be reached.'],
  FILE_TOO_LARGE: ['upstream', 'The file is larger than is passed on here.'],
  MAKER_AWAY: ['unavailable', 'Whoever has made this cannot be reached at the moment.'],
  NOTHING_THERE: ['missing', 'Whoever serves this path has nothing under it.'],
  MEDIA_MISSING: ['missing', 'There is no such file, or not any more.'],
  VIDEO_MISSING: ['missing', 'There is no such film.'],
  VIDEO_GONE: ['missing', 'Whoever has made this film has it no more.'],
  VIDEO_NOT_READY: ['conflict', 'This film is still being made.'],
  VIDEO_FAILED: ['conflict', 'This film was not made.'],
  OVERLOADED: ['unavailable', 'The gateway has as many requests running as it takes.'],
  ALL_ATTEMPTS_FAILED: ['upstream', 'Nobody who could serve this request did.'],
  ALL_BUSY: ['throttled', 'Everybody who could serve this request is busy.'],
  ATTEMPTS_TIMED_OUT: ['timeout', 'Nobody who could serve this request answered in time.'],
  STREAM_CUT: ['upstream', 'The answer broke off before its end.'],
  STREAM_TIMED_OUT: ['timeout', 'The answer had not ended when its time was over, or fell silent.'],
});
