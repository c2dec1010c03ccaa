import { openAiError } from '@aisbf/openai';
import { describe, expect, it } from '@jest/globals';
import { anthropicRefusal, messageErrorEvent } from './message-error.js';

const refusal = (type: string, code: string, status: number) =>
  anthropicRefusal(openAiError(type, code, 'No.'), 'req_1', status);

describe(anthropicRefusal, () => {
  it.each([
    ['server_error', 'no_candidate', 503],
    ['server_error', 'selection_empty', 503],
    ['server_error', 'overloaded', 503],
    ['rate_limit_error', 'all_busy', 429],
  ])('says of %s %s (%d) that the market is overloaded', (type, code, status) => {
    expect(refusal(type, code, status)).toMatchObject({
      status: 529,
      body: { type: 'error', error: { type: 'overloaded_error', details: { error_code: code } } },
    });
  });

  it.each([
    ['server_error', 'limits_unavailable', 503, 'api_error'],
    ['server_error', 'maker_away', 503, 'api_error'],
    ['rate_limit_error', 'rate_limit_exceeded', 429, 'rate_limit_error'],
    ['rate_limit_error', 'provider_rate_reached', 429, 'rate_limit_error'],
    ['upstream_error', 'all_attempts_failed', 502, 'api_error'],
    ['upstream_error', 'attempts_timed_out', 504, 'timeout_error'],
    ['insufficient_quota', 'insufficient_balance', 402, 'billing_error'],
    ['invalid_request_error', 'model_not_found', 404, 'not_found_error'],
  ])('leaves %s %s at %d, as %s', (type, code, status, expected) => {
    expect(refusal(type, code, status)).toMatchObject({
      status,
      body: { error: { type: expected } },
    });
  });
});

describe(messageErrorEvent, () => {
  it('says so within a stream too, where there is no status', () => {
    const event = messageErrorEvent(openAiError('server_error', 'overloaded', 'No.'), 'req_1');
    expect(event).toContain('"type":"overloaded_error"');
  });
});
