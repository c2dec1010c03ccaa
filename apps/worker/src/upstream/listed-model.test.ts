import { describe, expect, it } from '@jest/globals';
import { readModelList } from './listed-model.js';

describe(readModelList, () => {
  it('keeps what an engine says of a model but for its place, and passes over what is none', () => {
    const data = [
      { id: 'a', max_model_len: 4096, root: '/home/ann/a', permission: [{}] },
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
