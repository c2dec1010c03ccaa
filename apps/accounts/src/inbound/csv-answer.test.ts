import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { csvAnswer } from './csv-answer.js';

async function* from(lines: readonly object[], failure?: Error): AsyncGenerator<object> {
  yield* lines;
  if (failure) throw failure;
}

const fileOf = async (lines: readonly object[], failure?: Error) =>
  text((await csvAnswer('file', ['name', 'amount'], from(lines, failure))).getStream());

describe(csvAnswer, () => {
  it('has a header, also where there is nothing', async () => {
    expect(await fileOf([])).toBe('name,amount\r\n');
  });

  it('quotes what must be quoted, and no spreadsheet takes a cell for a formula', async () => {
    const names = ['a,"b"\r\nc', '=1+1', '+1', '-1', '@x', '\t=1', 'größer', ''];
    expect(await fileOf(names.map((name) => ({ name, amount: '1' })))).toBe(
      [
        'name,amount',
        '"a,""b""\r\nc",1',
        "'=1+1,1",
        "'+1,1",
        "'-1,1",
        "'@x,1",
        "'\t=1,1",
        'größer,1',
        ',1',
        '',
      ].join('\r\n'),
    );
  });

  it('refuses before the first byte', async () => {
    await expect(fileOf([], new Error('no'))).rejects.toThrow('no');
    await expect(csvAnswer('file', ['name'], from([], new Error('no')))).rejects.toThrow('no');
  });

  it('breaks where the lines break: half a file is not a whole one', async () => {
    await expect(fileOf([{ name: 'a', amount: '1' }], new Error('gone'))).rejects.toThrow('gone');
  });

  it('gives up its source where nobody reads on', async () => {
    let isLeft = false;
    async function* endless() {
      try {
        for (;;) yield { name: 'x'.repeat(1_000), amount: '1' };
      } finally {
        isLeft = true;
      }
    }
    const stream = (await csvAnswer('file', ['name'], endless())).getStream();
    for await (const _chunk of stream) break;
    await new Promise(setImmediate);
    expect(isLeft).toBe(true);
  });
});
