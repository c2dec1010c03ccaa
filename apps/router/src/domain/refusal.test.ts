import { describe, expect, it } from '@jest/globals';
import { refusal } from './refusal.js';
import type { RejectionReason } from './upstream.js';

const rejected = (...reasons: readonly RejectionReason[]) =>
  reasons.map((reason) => ({ providerLabel: 'anna/rig', model: 'llama', reason }));
const refusedFor = (...reasons: readonly RejectionReason[]) =>
  refusal([], rejected(...reasons), 'chat.completions');

describe(refusal, () => {
  it.each([
    ['context_too_small', 'PROMPT_TOO_LONG'],
    ['input_unsupported', 'INPUT_UNSUPPORTED'],
    ['tools_unsupported', 'TOOLS_UNSUPPORTED'],
    ['output_unsupported', 'CHAT_UNSUPPORTED'],
    ['endpoint_unsupported', 'CHAT_UNSUPPORTED'],
    ['frame_too_large', 'REQUEST_TOO_LARGE'],
    ['price_above_max', 'PRICE_ABOVE_MAX'],
  ] as const)('says of %s what waiting does not mend', (reason, code) => {
    expect(refusedFor(reason)).toMatchObject({ code });
    expect(refusedFor(reason, 'not_offered')).toMatchObject({ code });
  });

  it.each(['output_unsupported', 'endpoint_unsupported', 'endpoint_not_allowed'] as const)(
    'says of %s that this is not served here, where it is not chat',
    (reason) => {
      const refused = refusal([], rejected(reason), 'embeddings');
      expect(refused).toMatchObject({ code: 'ENDPOINT_UNSUPPORTED', kind: 'unsupported' });
    },
  );

  it('asks for patience where one of them may serve later', () => {
    expect(refusedFor('context_too_small', 'suspect')).toMatchObject({
      code: 'NO_CANDIDATE',
      details: { reasons: 'context_too_small,suspect' },
    });
    expect(refusedFor('price_above_max', 'at_capacity')).toMatchObject({ code: 'NO_CANDIDATE' });
    expect(refusedFor('paused_for_usage')).toMatchObject({ code: 'NO_CANDIDATE' });
    expect(refusedFor('no_live_session')).toMatchObject({ code: 'NO_CANDIDATE' });
  });

  it('names all that is lacking where each worker lacks something else', () => {
    expect(refusedFor('input_unsupported', 'context_too_small')).toMatchObject({
      code: 'NO_WORKER_FITS',
      kind: 'invalid',
      details: { reasons: 'context_too_small,input_unsupported' },
    });
    expect(refusedFor('output_unsupported', 'endpoint_unsupported')).toMatchObject({
      code: 'CHAT_UNSUPPORTED',
    });
  });
});
