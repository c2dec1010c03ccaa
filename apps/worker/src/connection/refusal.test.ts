import { describe, expect, it } from '@jest/globals';
import { refusalMessage } from './refusal.js';

describe(refusalMessage, () => {
  it.each([
    [
      '{"error":{"code":"forbidden","message":"registration rejected"}}',
      'forbidden: registration rejected',
    ],
    ['{"error":{"message":"no"}}', 'no'],
    ['{"error":"no"}', 'no'],
    ['{"detail":"else"}', '{"detail":"else"}'],
    ['<h1>\n\u001b[2J502</h1>', '<h1> [2J502</h1>'],
    ['', ''],
  ])('reads %j', (body, message) => {
    expect(refusalMessage(body)).toBe(message);
  });

  it('is short, whatever was sent', () => {
    expect(refusalMessage('x'.repeat(10_000))).toHaveLength(300);
  });
});
