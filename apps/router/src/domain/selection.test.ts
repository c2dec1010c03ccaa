import {
  type Advice,
  AutoselectDefinition,
  type CandidateFacts,
  SelectionRecord,
  type Signals,
} from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import { keptSelection } from './kept-selection.js';
import { replaySelection, select } from './selection.js';

const plainSignals: Signals = {
  ...{ contextClass: 'short', turns: 1, inputs: [], hasTools: false, isStructured: false },
  ...{ language: 'en', subjects: [], codeShare: 0, mathsShare: 0 },
  ...{ private: [], isCut: false, metadata: {} },
};

const candidate = (name: string, facts: Partial<CandidateFacts> = {}): CandidateFacts => ({
  name,
  source: 'workers',
  isDiscreet: false,
  region: null,
  prices: {},
  expectedCost: '1000',
  firstMs: null,
  tokensPerSecond: null,
  room: 1,
  successRate: null,
  isCooling: false,
  contextTokens: null,
  isDeclared: false,
  tier: 0,
  ...facts,
});

const made = (otherwise: object, candidates: readonly CandidateFacts[]) =>
  select(
    'a/b',
    AutoselectDefinition.parse({ otherwise: [otherwise] }),
    { signals: null, promptTokens: 1 },
    () => candidates,
  );

const order = (weights: object, ...candidates: readonly CandidateFacts[]) =>
  made({ weights, privacy: 'ignored' }, candidates).outcomes[0]?.ranking.map((equals) =>
    equals.map(({ name }) => name),
  );

describe(select, () => {
  it.each<[string, Partial<CandidateFacts>, Partial<CandidateFacts>]>([
    ['price', { expectedCost: '10' }, { expectedCost: '11' }],
    ['price', { expectedCost: '0' }, { expectedCost: '1' }],
    ['speed', { tokensPerSecond: 50 }, { tokensPerSecond: 20 }],
    ['speed', { tokensPerSecond: 50 }, { tokensPerSecond: null }],
    ['speed', { tokensPerSecond: null }, { tokensPerSecond: 1 }],
    ['firstToken', { firstMs: 100 }, { firstMs: 300 }],
    ['load', { room: 0.9 }, { room: 0.1 }],
    ['success', { successRate: 0.99 }, { successRate: 0.5 }],
    ['success', { successRate: null }, { successRate: 0.99 }],
    ['success', { successRate: 0.5 }, { isCooling: true }],
    ['quality', { tier: 90 }, { tier: 40 }],
  ])('by %s puts the better before the worse', (part, better, worse) => {
    // Somebody to measure both by.
    const best = { expectedCost: '0', tokensPerSecond: 60, firstMs: 90, room: 1, tier: 100 };
    const all = [candidate('worse', worse), candidate('better', better), candidate('best', best)];
    const names = order({ [part]: 10 }, ...all)?.flat() ?? [];
    expect(names.indexOf('better')).toBeLessThan(names.indexOf('worse'));
  });

  it('weighs parts against each other', () => {
    const cheap = candidate('cheap', { expectedCost: '100', tier: 10 });
    const good = candidate('good', { expectedCost: '200', tier: 90 });
    expect(order({ price: 3, quality: 1 }, cheap, good)).toEqual([['cheap'], ['good']]);
    expect(order({ price: 1, quality: 1 }, cheap, good)).toEqual([['good'], ['cheap']]);
  });

  it('leaves equals together, and everybody where nothing is weighed', () => {
    expect(
      order({ price: 1 }, candidate('a'), candidate('b'), candidate('c', { expectedCost: '1' })),
    ).toEqual([['c'], ['a', 'b']]);
    expect(order({}, candidate('a'), candidate('b', { tier: 9 }))).toEqual([['a', 'b']]);
  });

  it('names every ceiling that somebody breaks', () => {
    const ceilings = {
      pricesMax: { prompt_token: '5' },
      expectedCostMax: '999',
      firstMsMax: 10,
      contextTokensMin: 100,
      isDeclared: true,
      regions: ['eu'],
      sources: ['own'],
    };
    const dear = candidate('dear', {
      prices: { prompt_token: '6' },
      contextTokens: 99,
      region: 'us',
      firstMs: 11,
    });
    const fine = candidate('fine', {
      ...{ prices: { prompt_token: '5' }, expectedCost: '999', firstMs: 10, contextTokens: 100 },
      ...{ isDeclared: true, region: 'eu', source: 'own', isDiscreet: true },
    });
    const [outcome] = made({ ceilings, privacy: 'always' }, [dear, fine]).outcomes;
    expect(outcome?.excluded).toEqual([
      {
        name: 'dear',
        by: [
          'not_private',
          'price',
          'cost',
          'first_token',
          'context',
          'capability',
          'region',
          'source',
        ],
      },
    ]);
    expect(outcome?.ranking.flat().map(({ name }) => name)).toEqual(['fine']);
  });

  it('takes a prompt that nobody has looked at for private, unless privacy is ignored', () => {
    const all = [candidate('curious'), candidate('discreet', { isDiscreet: true })];
    const names = (privacy: string) =>
      made({ privacy }, all)
        .outcomes[0]?.ranking.flat()
        .map(({ name }) => name);
    expect([names('always'), names('marked'), names('ignored')]).toEqual([
      ['discreet'],
      ['discreet'],
      ['curious', 'discreet'],
    ]);
  });

  it('decides by the first decision that holds', () => {
    const when = (value: number) => ({ signal: 'promptTokens', op: 'at_least', value });
    const definition = AutoselectDefinition.parse({
      decisions: [
        { name: 'many', when: when(100), use: [{}] },
        { name: 'some', when: when(10), use: [{}] },
      ],
      otherwise: [{}],
    });
    const decisionFor = (promptTokens: number) =>
      select('a/b', definition, { signals: null, promptTokens }, () => []).decision;
    expect([decisionFor(500), decisionFor(50), decisionFor(5)]).toEqual(['many', 'some', null]);
  });
});

describe(replaySelection, () => {
  it('makes the same decision of a record that has travelled, and another one of another record', () => {
    const record = made({ weights: { price: 1 }, privacy: 'ignored' }, [
      candidate('a'),
      candidate('b', { expectedCost: '1' }),
    ]);
    const travelled = SelectionRecord.parse(JSON.parse(JSON.stringify(record)));
    expect(replaySelection(travelled)).toEqual(record);
    const [first = [], ...rest] = travelled.candidates;
    const changed = {
      ...travelled,
      candidates: [first.map((one) => ({ ...one, expectedCost: '1' })), ...rest],
    };
    expect(replaySelection(changed).outcomes).not.toEqual(record.outcomes);
  });
});

describe('advice', () => {
  const definition = AutoselectDefinition.parse({
    classes: [{ name: 'poems', examples: ['Write a poem.', 'Rhyme!'], similarityMin: 0.5 }],
    decisions: [
      {
        name: 'poets',
        when: { signal: 'classes', op: 'has', value: 'poems' },
        use: [{ weights: { quality: 1 } }],
      },
    ],
    otherwise: [{ weights: { price: 1 }, ceilings: { regions: ['eu'] } }],
  });
  const all = [
    candidate('cheap', { region: 'eu', expectedCost: '1' }),
    candidate('dear', { region: 'eu' }),
    candidate('far', { region: 'us', expectedCost: '1', tier: 90 }),
  ];
  const selected = (...advice: Advice[]) =>
    select('a/b', definition, { signals: { ...plainSignals, advice }, promptTokens: 1 }, () => all);
  const namesOf = ({ outcomes }: SelectionRecord) =>
    outcomes[0]?.ranking.flat().map(({ name }) => name);

  it('of the meaning decides, for the autoselect that wanted it', () => {
    const near = { state: 'given', similarities: { poems: 0.6 } } as const;
    expect(selected({ autoselect: 'a/b', classes: near }).decision).toBe('poets');
    expect(selected({ autoselect: 'a/c', classes: near }).decision).toBeNull();
    const late = { state: 'late', similarities: {} } as const;
    expect(selected({ autoselect: 'a/b', classes: late }).decision).toBeNull();
  });

  it('of a judge puts first whom the ceilings let in, and nobody else', () => {
    const judge = (choice: string | null) =>
      selected({ autoselect: 'a/b', judge: { state: 'given', choice } });
    expect(namesOf(judge('dear'))).toEqual(['dear', 'cheap']);
    expect(namesOf(judge('far'))).toEqual(['cheap', 'dear']);
    expect(namesOf(judge(null))).toEqual(['cheap', 'dear']);
  });

  it('stands on the record, which decides the same without any model', () => {
    const record = selected({
      autoselect: 'a/b',
      classes: { state: 'given', similarities: { poems: 0.6 } },
      judge: { state: 'given', choice: 'dear' },
    });
    const kept = SelectionRecord.parse(JSON.parse(JSON.stringify(record)));
    expect(replaySelection(kept)).toEqual(record);
    const small = keptSelection(record, 1);
    expect(small.definition.classes?.[0]?.examples).toEqual(['Write a poem.']);
    expect([small.decision, namesOf(small)?.[0]]).toEqual(['poets', 'dear']);
  });
});
