import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { memberText, withMember } from './worker-json-member.js';

describe(memberText, () => {
  it('keeps numbers, spaces and the order of fields as they came', () => {
    const json = '{ "a" : [1], "payload" : { "seed": 18446744073709551615, "t": 1.0 } , "b":null}';
    expect(memberText(json, 'payload')).toBe('{ "seed": 18446744073709551615, "t": 1.0 }');
    expect(memberText(json, 'a')).toBe('[1]');
    expect(memberText(json, 'b')).toBe('null');
    expect(memberText(json, 'seed')).toBeUndefined();
  });

  it('takes the last of two members with the same name', () => {
    expect(memberText('{"a":1,"a":2}', 'a')).toBe('2');
    expect(memberText('{"\\u0061":3}', 'a')).toBe('3');
    expect(memberText('{}', 'a')).toBeUndefined();
  });

  it('finds in any object what parsing it finds', () => {
    const property = fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.constantFrom(undefined, 1, '\t'),
      (object, space) => {
        const json = JSON.stringify(object, undefined, space);
        const parsed: unknown = JSON.parse(json);
        for (const [name, value] of Object.entries(parsed as Record<string, unknown>)) {
          const text = memberText(json, name);
          expect(text).toBeDefined();
          expect(JSON.parse(text ?? '')).toEqual(value);
        }
      },
    );
    fc.assert(property);
  });
});

describe(withMember, () => {
  it('changes the value and nothing else, each time that the name comes', () => {
    const json = '{ "model" : "a", "n": 1.0, "x": {"model":"a"}, "\\u006dodel":["b"] }';
    expect(withMember(json, 'model', '"é"')).toBe(
      '{ "model" : "é", "n": 1.0, "x": {"model":"a"}, "\\u006dodel":"é" }',
    );
    expect(withMember('{}', 'model', '1')).toBe('{}');
  });

  it('leaves the other members of any object alone', () => {
    const property = fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (others) => {
      const object = { ...others, model: 'old' };
      const json = withMember(JSON.stringify(object), 'model', '"new"');
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ ...object, model: 'new' })));
    });
    fc.assert(property);
  });
});
