import { createSecretToken } from '@aisbf/secrets';
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

  it('leaves of our own tokens only what may be shown, wherever they were put', () => {
    const lines: string[] = [];
    const log = createLogTo({ write: (line) => lines.push(line) }, 'test', 'debug');
    const { text, publicId } = createSecretToken('aisbfw');
    const error = new Error(`no provider ${text}`, { cause: new Error(text) });
    log.warn({ providerName: text, deep: { er: [{ still: `x ${text}` }] }, error }, 'refused');
    log.child({ clientId: text }).info({}, 'refused');
    expect(lines.join('')).not.toContain(text.slice(-38));
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({
      clientId: `aisbfw_${publicId}_[redacted]`,
    });
  });

  it('tells of an error what it says and what has caused it, not what it was given', () => {
    const lines: string[] = [];
    const log = createLogTo({ write: (line) => lines.push(line) }, 'test', 'debug');
    const canary = 'canary-7f3a';
    const cause = Object.assign(new TypeError('not a URL'), { input: canary, code: 'ERR_URL' });
    const given = { detail: `Key (x)=(${canary})`, headers: { x: canary }, table: 'provider' };
    const error = Object.assign(new Error('cannot', { cause }), given);
    log.error({ error }, 'a bug');
    log.error({ error: new AggregateError([new Error('one')], 'several') }, 'a bug');
    log.error({ error: 'thrown text' }, 'a bug');
    expect(lines.join('')).not.toContain(canary);
    const [first, second, third] = lines.map((line) => JSON.parse(line).error);
    expect(first).toMatchObject({
      ...{ type: 'Error', message: 'cannot', table: 'provider' },
      stack: expect.stringContaining('log.test'),
      cause: { type: 'TypeError', message: 'not a URL', code: 'ERR_URL' },
    });
    expect(second).toMatchObject({ type: 'AggregateError', errors: ['Error: one'] });
    expect(third).toBe('thrown text');
  });
});
