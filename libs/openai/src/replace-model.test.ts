import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { replaceModel, withoutMembers } from './replace-model.js';

const spaces = fc.stringMatching(/^[ \t\n\r]{0,2}$/);

describe(replaceModel, () => {
  it('changes the model and nothing else', () => {
    const text =
      '{ "seed": 12345678901234567890, "model" : "a/b", "top_p": 1.0, "x": {"model":"c"} }';
    expect(replaceModel(text, 'm"1')).toBe(
      '{ "seed": 12345678901234567890, "model" : "m\\"1", "top_p": 1.0, "x": {"model":"c"} }',
    );
  });

  it('changes every repetition, however the key is spelled', () => {
    expect(replaceModel('{"model":"a","mod\\u0065l":["b",{"c":"}"}]}', 'm')).toBe(
      '{"model":"m","mod\\u0065l":"m"}',
    );
  });

  it('finds the model in any object, with any white space', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.jsonValue(),
        fc.string(),
        spaces,
        (others, before, model, space) => {
          const body = { ...others, model: before };
          const text = space + JSON.stringify(body, null, space) + space;
          expect(JSON.parse(replaceModel(text, model))).toEqual(
            JSON.parse(JSON.stringify({ ...others, model })),
          );
        },
      ),
    );
  });

  it('leaves an object without a model as it is', () => {
    expect(replaceModel('{}', 'm')).toBe('{}');
    expect(replaceModel('{"a":[1,{"model":2}],"b":null}', 'm')).toBe(
      '{"a":[1,{"model":2}],"b":null}',
    );
  });
});

describe(withoutMembers, () => {
  it('takes out what is named, wherever it stands and however often, and nothing else', () => {
    const names = new Set(['a', 'b']);
    expect(withoutMembers('{ "a":1, "x" : 1.0,"b":{"a":[2]} ,"y":{"a":3} }', names)).toBe(
      '{ "x" : 1.0,"y":{"a":3} }',
    );
    expect(withoutMembers('{"a":1,"\\u0061":2}', names)).toBe('{}');
    expect(withoutMembers('{ "x" : 12345678901234567890 }', names)).toBe(
      '{ "x" : 12345678901234567890 }',
    );
  });

  it('leaves the rest of any object, with any white space', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.jsonValue()),
        fc.subarray(['a', 'b', 'c', 'd', 'e']),
        spaces,
        (body, names, space) => {
          const text = space + JSON.stringify(body, null, space) + space;
          const left = Object.entries(body).filter(([name]) => !names.includes(name));
          expect(JSON.parse(withoutMembers(text, new Set(names)))).toEqual(
            JSON.parse(JSON.stringify(Object.fromEntries(left))),
          );
        },
      ),
    );
  });
});
