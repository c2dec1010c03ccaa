/**
 * What autoselects choose for a set of prompts whose subjects are known: made with the same functions that the
 * gateway and the router use, in a market that stands still.
 *
 *   node deploy/routing-choices.mjs      prints, as JSON, how often each subject went where
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { indexCatalogue } from '../apps/router/dist/domain/catalogue.js';
import { plan } from '../apps/router/dist/domain/plan.js';
import { randomFromSeed } from '../apps/router/dist/domain/weighted-order.js';
import { AutoselectDefinition } from '../libs/contracts/dist/index.js';
import { countPromptTokens, loadEncodings } from '../libs/metering/dist/index.js';
import { promptInputs } from '../libs/openai/dist/index.js';
import { signalsOf } from '../libs/signals/dist/index.js';

const prompts = JSON.parse(
  readFileSync(new URL('../apps/router/test/labelled-prompts.json', import.meta.url), 'utf8'),
);
const buyerId = id(99);
const charactersMax = 262_144;

/** Each sells one model: for what, at how many cents a million tokens, how fast, and what else is known of it. */
const machines = [
  machine(1, 'coder', { cents: 40, firstMs: 300, perSecond: 60 }),
  machine(2, 'reasoner', { cents: 90, firstMs: 900, perSecond: 30 }),
  machine(3, 'polyglot', { cents: 30, firstMs: 350, perSecond: 70 }),
  machine(4, 'small', { cents: 5, firstMs: 80, perSecond: 180 }),
  machine(5, 'seeing', { cents: 60, firstMs: 500, perSecond: 40, inputs: ['text', 'image'] }),
  machine(6, 'lengthy', { cents: 70, firstMs: 800, perSecond: 45, context: 1_000_000 }),
  machine(7, 'discreet', {
    cents: 80,
    firstMs: 450,
    perSecond: 35,
    inputs: ['text', 'image'],
    context: 1_000_000,
    isDiscreet: true,
  }),
  machine(8, 'general', { cents: 50, firstMs: 400, perSecond: 50 }),
];

/** Whom the owner of the autoselect below means by each subject. */
const meant = {
  code: 'coder',
  maths: 'reasoner',
  translation: 'polyglot',
  long: 'lengthy',
  images: 'seeing',
  private: 'discreet',
  smalltalk: 'small',
  other: 'general',
};

const use = (model) => [
  { from: [{ providerId: id(machines.findIndex(({ name }) => name === model) + 1), model }] },
];
const has = (signal, value) => ({ signal, op: 'has', value });
const bySubject = AutoselectDefinition.parse({
  decisions: [
    { name: 'private', when: { signal: 'isPrivate', op: 'is', value: true }, use: use('discreet') },
    { name: 'images', when: has('inputs', 'image'), use: use('seeing') },
    {
      name: 'long',
      when: { any: ['long', 'huge'].map((value) => ({ signal: 'contextClass', op: 'is', value })) },
      use: use('lengthy'),
    },
    { name: 'translation', when: has('subjects', 'translation'), use: use('polyglot') },
    { name: 'code', when: has('subjects', 'code'), use: use('coder') },
    { name: 'maths', when: has('subjects', 'maths'), use: use('reasoner') },
    { name: 'smalltalk', when: has('subjects', 'smalltalk'), use: use('small') },
  ],
  otherwise: use('general'),
});

const catalogue = indexCatalogue({
  revision: 1,
  providers: machines.map(({ provider }) => provider),
  listings: machines.map(({ listing }) => listing),
  rotations: [],
  usageChecks: [],
  sellerFees: new Map(),
  autoselects: [
    {
      id: id(50),
      ownerId: buyerId,
      username: 'buyer',
      name: 'by-subject',
      createdAtMs: 0,
      definition: bySubject,
    },
  ],
});

const policies = [
  'private',
  'cheap',
  'fast',
  'long-context',
  'media',
  'balanced',
  'hosted-fallback',
];

/** By label: how often each model was chosen, by that autoselect. */
export function choices(autoselect) {
  return Object.fromEntries(
    Object.keys(prompts).map((label) => {
      const counts = {};
      for (const body of bodiesOf(label)) {
        const model = chosen(`autoselect/${autoselect}`, body);
        counts[model] = (counts[model] ?? 0) + 1;
      }
      return [label, counts];
    }),
  );
}

/** The page that shows them. */
export function routingChoices() {
  loadEncodings();
  const models = Object.values(meant);
  const own = choices('by-subject');
  const total = Object.keys(prompts).reduce((sum, label) => sum + prompts[label].length, 0);
  const right = Object.keys(prompts).reduce(
    (sum, label) => sum + (own[label][meant[label]] ?? 0),
    0,
  );
  const rows = Object.entries(own).map(([label, counts]) => [
    label,
    ...models.map((model) => counts[model] ?? ''),
  ]);
  const builtIn = policies.map((policy) => [
    `\`${policy}\``,
    ...Object.values(choices(policy)).map((counts) =>
      Object.entries(counts)
        .sort(([, left], [, right]) => right - left)
        .map(([model, count]) => `${model} ${count}`)
        .join(', '),
    ),
  ]);
  return `# What autoselects choose

Made from [labelled prompts](../apps/router/test/labelled-prompts.json) by \`npm run generate\`: do not edit. ${total} prompts were
written for this, with a label each; they are read and routed by the functions of the gateway and the router, in a market of eight
machines that stands still (\`deploy/routing-choices.mjs\`). The prompts and the word lists come from one hand: the figures say
that the parts work together, not how well other people's prompts would be told apart.

## By subject

An autoselect whose decisions name a model for each label. Of ${total} prompts ${right} went where their label means them to go.

${table(['label', ...models], rows)}

## Built-in policies

The machine that would be asked first, and how often.

${table(['policy', ...Object.keys(prompts)], builtIn)}
`;
}

function chosen(route, body) {
  const promptTokens = countPromptTokens(body);
  const inputs = [...promptInputs(body)];
  const { candidates } = plan({
    facts: {
      endpoint: 'chat.completions',
      route,
      isStream: true,
      bodyBytes: 1_000,
      promptTokens,
      outputTokensMax: null,
      choices: 1,
      ...(inputs.length > 0 && { inputs }),
      signals: signalsOf(body, promptTokens, { charactersMax }),
    },
    buyer: { ownerId: buyerId },
    catalogue,
    around: {
      sessionsOf: (providerId) =>
        machines.filter(({ provider }) => provider.id === providerId).map(({ present }) => present),
      cooldownOf: () => undefined,
      paceOf: (providerId) => machines.find(({ provider }) => provider.id === providerId)?.pace,
      nowMs: 0,
    },
    random: randomFromSeed('choices'),
    usualOutputOf: () => undefined,
    settings: {
      feeBpsDefault: 0,
      candidatesMax: 8,
      rejectionsMax: 8,
      outputTokensDefault: 1_000,
      outputTokensSmall: 1_000,
      outputTokensMax: 1_000,
      promptTokensMax: 10_000_000,
      frameOverheadBytes: 0,
      sessionQueuedMax: 4,
      selectedOffersMax: 100,
    },
  });
  return candidates[0].offer.model;
}

function bodiesOf(label) {
  return prompts[label].map((prompt) => {
    const text = typeof prompt === 'string' ? filled(prompt) : prompt.text.repeat(prompt.times);
    const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } };
    const content = label === 'images' ? [{ type: 'text', text }, picture] : text;
    return { model: 'x', messages: [{ role: 'user', content }] };
  });
}

/** Keys stand in pieces in the file, so that nobody who looks for lost keys finds any. */
function filled(text) {
  return text
    .replaceAll('{random}', 'a8Kd03jQzP7mX2vB9tLw4RsY')
    .replaceAll(/\{([A-Za-z_-]+)\}/g, '$1');
}

function machine(number, name, facts) {
  const {
    cents,
    firstMs,
    perSecond,
    inputs = ['text'],
    context = 32_768,
    isDiscreet = false,
  } = facts;
  const price = BigInt(cents) * 10_000_000n;
  const figures = (p50) => ({ p50, p75: p50, p90: p50, p99: p50 });
  const provider = {
    id: id(number),
    ownerId: id(number + 20),
    username: name,
    name,
    isEnabled: true,
    createdAtMs: 0,
    data: {
      isCollected: isDiscreet ? false : null,
      isRetained: isDiscreet ? false : null,
      region: null,
    },
    source: { kind: 'coderai', clientIds: null, registrations: [] },
  };
  const session = {
    sessionId: `s${number}`,
    epoch: 1,
    providerId: provider.id,
    ownerId: provider.ownerId,
    username: name,
    clientId: 'one',
    connectedAtMs: 0,
    state: 'serving',
    models: [{ name, contextTokensMax: context, inputs, hasTools: true }],
    hardware: null,
    frameBytesMax: 33_554_432,
    inFlight: 0,
    inFlightMax: 4,
    queued: 0,
  };
  return {
    name,
    provider,
    present: { session, brokerId: 'b', brokerUrl: 'http://broker' },
    listing: {
      id: id(number + 40),
      providerId: provider.id,
      model: name,
      prices: [fromTheBeginning({ prompt_token: price, completion_token: price })],
      isActive: true,
      fees: [],
    },
    pace: { firstMs: figures(firstMs), tokensPerS: figures(perSecond) },
  };
}

function id(number) {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  loadEncodings();
  const sizes = Object.fromEntries(
    Object.entries(prompts).map(([label, all]) => [label, all.length]),
  );
  console.log(
    JSON.stringify({ meant, sizes, choices: choices('by-subject'), private: choices('private') }),
  );
}

function fromTheBeginning(value) {
  return { id: 'only', value, validFromMs: 0, setAtMs: 0, setBy: 'nobody' };
}
