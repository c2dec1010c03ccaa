import { describe, expect, it } from '@jest/globals';
import { createLogTo } from './log.js';

describe(createLogTo, () => {
  it('drops secrets and what people say, wherever in a line they stand', () => {
    const lines: string[] = [];
    const log = createLogTo({ write: (line) => lines.push(line) }, 'test', 'debug');
    const canary = 'canary-7f3a';
    for (const name of [
      'authorization',
      'apiToken',
      'registrationToken',
      'credential',
      'messages',
      'body',
    ]) {
      log.info(
        { [name]: canary, headers: { [name]: canary }, a: { b: { [name]: canary } } },
        'said',
      );
    }
    expect(lines).toHaveLength(6);
    expect(lines.join('')).not.toContain(canary);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info', name: 'test', msg: 'said' });
  });
});
