import { AutoselectDefinition } from '@aisbf/contracts';
import { type Autoselect, globalUsername } from './catalogue.js';

type Input = Parameters<typeof AutoselectDefinition.parse>[0];

const balance = { price: 30, speed: 20, firstToken: 15, load: 15, success: 20 };
const steady = { price: 40, load: 30, success: 30 };
/** As much as a long prompt and its answer take with room to spare. */
const longContextTokens = 65_536;

const longContext = [
  { ceilings: { isDeclared: true, contextTokensMin: longContextTokens }, weights: steady },
  { ceilings: { isDeclared: true }, weights: steady },
  { weights: steady },
];
const media = [{ ceilings: { isDeclared: true }, weights: balance }, { weights: balance }];
const holdsMedia = {
  any: ['image', 'audio', 'video'].map((value) => ({ signal: 'inputs', op: 'has', value })),
};
const isLong = {
  any: ['long', 'huge'].map((value) => ({ signal: 'contextClass', op: 'is', value })),
};

/** Policies for everybody; whoever stores one of the same name has that in its place. */
const definitions: Readonly<Record<string, Input>> = {
  private: {
    otherwise: [
      { ceilings: { sources: ['own'] }, weights: steady, privacy: 'always' },
      { weights: steady, privacy: 'always' },
    ],
  },
  cheap: { otherwise: [{ weights: { price: 90, success: 10 } }] },
  fast: { otherwise: [{ weights: { speed: 45, firstToken: 35, load: 10, success: 10 } }] },
  'long-context': { otherwise: longContext },
  media: {
    decisions: [{ name: 'media', when: holdsMedia, use: media }],
    otherwise: [{ weights: balance }],
  },
  balanced: {
    decisions: [
      { name: 'media', when: holdsMedia, use: media },
      { name: 'long', when: isLong, use: longContext },
    ],
    otherwise: [{ weights: balance }],
  },
  'hosted-fallback': {
    otherwise: (['own', 'workers', 'hosted'] as const).map((source) => ({
      ceilings: { sources: [source] },
      weights: balance,
    })),
  },
};

export const builtInAutoselects: ReadonlyMap<string, Autoselect> = new Map(
  Object.entries(definitions).map(([name, definition]) => [
    name,
    {
      id: null,
      ownerId: null,
      username: globalUsername,
      name,
      createdAtMs: 0,
      definition: AutoselectDefinition.parse(definition),
    },
  ]),
);
