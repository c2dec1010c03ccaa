import { describe, expect, it } from '@jest/globals';
import { until } from './until.js';

describe(until, () => {
  it('returns what the condition found', async () => {
    let looks = 0;
    expect(await until(() => (++looks < 3 ? undefined : looks))).toBe(3);
  });

  it('takes zero and the empty string for findings', async () => {
    expect(await until(() => 0)).toBe(0);
    expect(await until(async () => '')).toBe('');
  });

  it('looks again where the condition threw', async () => {
    let looks = 0;
    const found = await until(() => {
      if (++looks < 3) throw new Error('not yet');
      return 'there';
    });
    expect(found).toBe('there');
  });

  it('fails with the message and the last error', async () => {
    const never = until(() => Promise.reject(new Error('no socket')), {
      timeoutMs: 30,
      message: 'the worker is connected',
    });
    await expect(never).rejects.toMatchObject({
      message: 'Not so within 30 ms: the worker is connected',
      cause: expect.objectContaining({ message: 'no socket' }),
    });
  });
});
