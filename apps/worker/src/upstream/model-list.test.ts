import { describe, expect, it } from '@jest/globals';
import { readModelList } from './model-list.js';

describe(readModelList, () => {
  it('keeps what an engine says of a model, and passes over what is none', () => {
    const data = [
      { id: 'a', max_model_len: 4096 },
      { id: '' },
      { name: 'b' },
      null,
      'c',
      { id: 7 },
    ];
    expect(readModelList(JSON.stringify({ data }))).toEqual([{ id: 'a', max_model_len: 4096 }]);
  });

  it.each(['[]', 'null', '{}', '{"data":{}}', 'x'])('refuses %j', (text) => {
    expect(() => readModelList(text)).toThrow();
  });
});
