import { describe, expect, it } from '@jest/globals';
import { withRetry } from './pg-retry.js';

/** Work that fails with these in turn, and then for ever with the last. */
function failing(...codes: readonly string[]) {
  let attempts = 0;
  return async () => {
    const code = codes[Math.min(attempts, codes.length - 1)];
    attempts += 1;
    throw Object.assign(new Error('away'), { code });
  };
}

describe(withRetry, () => {
  it('does work again until it succeeds', async () => {
    let attempts = 0;
    const work = async () => {
      attempts += 1;
      if (attempts < 3) throw Object.assign(new Error('away'), { code: 'ECONNRESET' });
      return attempts;
    };
    expect(await withRetry(work)).toBe(3);
  });

  it.each([
    ['nothing was carried out', ['ECONNREFUSED', '55P03', '40001', '57P03'], false],
    ['one attempt may have been', ['ECONNREFUSED', 'ECONNRESET', 'ECONNREFUSED'], true],
    ['the server was told to stop', ['57P01', 'ECONNREFUSED'], true],
  ])('tells of a ledger that is away, and whether %s', async (_name, codes, wasSent) => {
    await expect(withRetry(failing(...codes))).rejects.toMatchObject({
      code: 'LEDGER_UNAVAILABLE',
      details: { wasSent },
    });
  });

  it('lets through at once what does not pass', async () => {
    await expect(withRetry(failing('23505'))).rejects.toMatchObject({ code: '23505' });
  });
});
