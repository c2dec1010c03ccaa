import { isRetryable } from '@aisbf/faults';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
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

  it.each([
    [['data_collected'], 'data_collection: 1'],
    [['ignored', 'not_wanted', 'ignored'], 'ignore: 2, only or allow_fallbacks: 1'],
    [['data_retained', 'region_differs'], 'region: 1, zdr: 1'],
    [['quantization_differs', 'not_offered'], 'quantizations: 1'],
    [
      ['parameters_unsupported', 'price_above_max'],
      'max_price or max_cost: 1, require_parameters: 1',
    ],
    [
      ['region_differs', 'context_too_small', 'region_differs'],
      'region: 2; for other reasons context_too_small: 1',
    ],
  ] as const)('names for %j the wishes that leave nobody', (reasons, told) => {
    expect(refusedFor(...reasons)).toMatchObject({
      code: 'WISHES_UNMET',
      kind: 'invalid',
      message: expect.stringContaining(`Out by ${told}.`),
    });
  });

  it('never asks for patience in vain, nor refuses for good what somebody may serve later', () => {
    const wishes: RejectionReason[] = [
      ...(['ignored', 'not_wanted', 'data_collected', 'data_retained'] as const),
      ...(['region_differs', 'quantization_differs', 'parameters_unsupported'] as const),
    ];
    const lasting: RejectionReason[] = [
      ...(['frame_too_large', 'context_too_small', 'tools_unsupported'] as const),
      'price_above_max',
    ];
    const passing: RejectionReason[] = [
      ...(['suspect', 'draining', 'at_capacity', 'no_live_session', 'closed_now'] as const),
      ...(['paused_for_usage', 'rate_unknown', 'disabled', 'credential_unreadable'] as const),
    ];
    const some = (reasons: RejectionReason[]) => fc.array(fc.constantFrom(...reasons));
    const run = fc.property(some(wishes), some(lasting), some(passing), (wished, unfit, later) => {
      const reasons = [...wished, ...unfit, ...later];
      const { code, kind } = refusedFor(...reasons);
      if (later.length > 0 || reasons.length === 0) expect(code).toBe('NO_CANDIDATE');
      else expect(isRetryable(kind)).toBe(false);
      expect(code === 'WISHES_UNMET').toBe(later.length === 0 && wished.length > 0);
    });
    fc.assert(run);
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
