import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readListedModels } from './listed-models.js';

describe(readListedModels, () => {
  it.each([
    ['{"object":"list","data":[{"id":"a"},{"id":"b"}]}', ['a', 'b']],
    ['{"models":[{"name":"a"},{"model":"b"}]}', ['a', 'b']],
    ['["a",{"id":"b"},7,null]', ['a', 'b']],
    ['{"data":[]}', []],
  ])('reads %s', (text, names) => {
    expect([...(readListedModels(text) ?? ['nothing'])]).toEqual(names);
  });

  it.each(['', '<html>', '{}', '{"data":{}}', '"a"', 'null'])(
    'knows that %j is no list',
    (text) => {
      expect(readListedModels(text)).toBeUndefined();
    },
  );

  it('finds every name that was put in, and breaks at nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (names) => {
        const text = JSON.stringify({ data: names.map((id) => ({ id })) });
        expect(readListedModels(text)).toEqual(new Set(names));
      }),
    );
    fc.assert(fc.property(fc.json(), (text) => void readListedModels(text)));
  });
});
