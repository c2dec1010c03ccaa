import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isRestricted, missingNames, offer, upstreamName } from './assortment.js';

const listed = [{ id: 'llama3:latest', max_model_len: 8192 }, { id: 'qwen' }, { id: 'secret' }];
const ids = (models: readonly { id: string }[]) => models.map(({ id }) => id);

describe(offer, () => {
  it('shows everything where nothing was chosen', () => {
    expect(offer(listed, { allowed: [], aliases: [] })).toEqual(listed);
  });

  it('shows what is allowed under the name that the seller used, with its details', () => {
    const allowed = ['llama3', 'nothing'];
    expect(offer(listed, { allowed, aliases: [] })).toEqual([
      { id: 'llama3', max_model_len: 8192 },
    ]);
  });

  it('shows an alias in the place of its model, unless that is allowed as well', () => {
    const aliases = [{ name: 'fast', upstreamName: 'qwen' }];
    expect(ids(offer(listed, { allowed: [], aliases }))).toEqual([
      'fast',
      'llama3:latest',
      'secret',
    ]);
    expect(ids(offer(listed, { allowed: ['qwen'], aliases }))).toEqual(['fast', 'qwen']);
    expect(ids(offer(listed, { allowed: ['llama3:latest'], aliases }))).toEqual([
      'fast',
      'llama3:latest',
    ]);
  });

  it('lets an alias shadow a model of the same name', () => {
    const assortment = { allowed: [], aliases: [{ name: 'secret', upstreamName: 'qwen' }] };
    expect(ids(offer(listed, assortment))).toEqual(['secret', 'llama3:latest']);
    expect(upstreamName('secret', assortment)).toBe('qwen');
  });
});

describe(upstreamName, () => {
  it('knows only what is for sale', () => {
    const assortment = { allowed: ['qwen'], aliases: [{ name: 'fast', upstreamName: 'llama3' }] };
    expect(upstreamName('fast', assortment)).toBe('llama3');
    expect(upstreamName('qwen', assortment)).toBe('qwen');
    expect(upstreamName('llama3', assortment)).toBeUndefined();
    expect(upstreamName('secret', assortment)).toBeUndefined();
    expect(upstreamName('llama3:latest', { ...assortment, allowed: [] })).toBeUndefined();
    expect(upstreamName('secret', { ...assortment, allowed: [] })).toBe('secret');
  });

  it('leads from every offered name to a model of the upstream', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd:latest', 'd', 'e');
    const alias = fc.record({ name, upstreamName: name });
    const property = fc.property(
      fc.uniqueArray(name),
      fc.uniqueArray(name),
      fc.uniqueArray(alias, { selector: (one) => one.name }),
      (present: string[], allowed, aliases) => {
        const models = present.map((id) => ({ id }));
        const assortment = { allowed, aliases };
        const offered = ids(offer(models, assortment));
        expect(new Set(offered).size).toBe(offered.length);
        for (const id of offered) {
          const own = upstreamName(id, assortment) ?? 'none';
          const isThere = present.some((one) => one === own || one.replace(':latest', '') === own);
          expect(isThere || present.includes(own.replace(':latest', ''))).toBe(true);
        }
        expect(isRestricted(assortment)).toBe(allowed.length + aliases.length > 0);
      },
    );
    fc.assert(property);
  });
});

describe(missingNames, () => {
  it('lists what the upstream does not have, once', () => {
    const aliases = [
      { name: 'x', upstreamName: 'gone' },
      { name: 'y', upstreamName: 'qwen' },
    ];
    expect(missingNames(listed, { allowed: ['gone', 'llama3'], aliases })).toEqual(['gone']);
  });
});
