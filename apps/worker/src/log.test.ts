import { describe, expect, it } from '@jest/globals';
import { createLog, type LogLevel } from './log.js';

function lines(format: 'text' | 'json', level: LogLevel) {
  const written: string[] = [];
  const log = createLog({ format, level, write: (line) => written.push(line) });
  log.debug({}, 'hardly of interest');
  log.warn(
    { reason: 'it\u001b[31m broke\n', models: ['a', 'b'], gone: undefined, next: 'mend it' },
    'broken',
  );
  return written;
}

describe(createLog, () => {
  it('writes one line an event for people, with nothing that steers their terminal', () => {
    const [line, ...others] = lines('text', 'info');
    expect(others).toEqual([]);
    expect(line).toMatch(
      /^\d\d:\d\d:\d\d warn {2}broken reason="it \[31m broke" models=a,b → mend it\n$/,
    );
  });

  it('writes one object an event for machines', () => {
    const [line, ...others] = lines('json', 'info');
    expect(others).toEqual([]);
    expect(JSON.parse(line ?? '')).toMatchObject({
      msg: 'broken',
      models: ['a', 'b'],
      next: 'mend it',
    });
  });

  it('leaves out what is less important than wanted', () => {
    expect(lines('text', 'debug')).toHaveLength(2);
    expect(lines('text', 'error')).toHaveLength(0);
  });
});
