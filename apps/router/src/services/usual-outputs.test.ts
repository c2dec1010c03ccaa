import { randomUUID } from 'node:crypto';
import type { Usage } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import { UsualOutputSettings, UsualOutputs } from './usual-outputs.js';

const usage = (apiTokenId: string, tokens: number, change: Partial<Usage> = {}): Usage => ({
  requestId: `req_${randomUUID().replaceAll('-', '')}`,
  ownerId: randomUUID(),
  apiTokenId,
  leaseId: null,
  sellerOwnerId: null,
  providerId: null,
  model: 'llama',
  outcome: 'completed',
  hold: '1',
  charge: '1',
  fee: '0',
  units: { completion_token: tokens },
  atMs: 1,
  ...change,
});

const open = () => new UsualOutputs(new UsualOutputSettings(3, 100, 4));

describe(UsualOutputs, () => {
  it('says nothing before it has seen enough', () => {
    const outputs = open();
    for (const tokens of [10, 20, 30]) outputs.learn(usage('a', tokens));
    expect(outputs.of('a', 'llama')).toBeUndefined();
    outputs.learn(usage('a', 5, { units: { completion_token: 5, reasoning_token: 40 } }));
    expect(outputs.of('a', 'llama')).toBe(45);
    expect(outputs.of('a', 'qwen')).toBeUndefined();
    expect(outputs.of('b', 'llama')).toBeUndefined();
  });

  it('learns nothing from what broke off', () => {
    const outputs = open();
    for (let count = 0; count < 8; count += 1) {
      outputs.learn(usage('a', 1, { outcome: 'buyer_left' }));
      outputs.learn(usage('a', 1, { outcome: 'expired', model: null }));
    }
    expect(outputs.of('a', 'llama')).toBeUndefined();
  });

  it('forgets those that were not heard of for longest', () => {
    const outputs = open();
    for (const token of ['a', 'b', 'c', 'a', 'd']) {
      for (let count = 0; count < 4; count += 1) outputs.learn(usage(token, 7));
    }
    expect(['a', 'b', 'c', 'd'].map((token) => outputs.of(token, 'llama'))).toEqual([
      7,
      undefined,
      7,
      7,
    ]);
  });
});
