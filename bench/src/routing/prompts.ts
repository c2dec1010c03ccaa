import { signalsOf } from '@aisbf/signals';

/** Tokens of a short prompt and of a long one. */
export const promptSizes = [200, 16_000] as const;
/** Read again and again: as many as do not fit into what a processor keeps at hand. */
export const promptsKept = 32;
/** As the gateway is set by default. */
const charactersMax = 262_144;

type Prompt = Readonly<Record<string, unknown>>;

/** Sentences of several kinds, so that each thing that signals look for is somewhere in a long prompt. */
const sentences = [
  'Please compare these two designs and say which of them is easier to change later.',
  'The meeting was moved to Thursday, and nobody has told the people in the other building.',
  'function sum(values: readonly number[]) { return values.reduce((a, b) => a + b, 0); }',
  'Könntest du mir bitte erklären, warum die zweite Fassung schneller ist als die erste?',
  'If x = 3 and y = 2x + 1, then the integral of f(x) dx from 0 to y is about 24.5.',
  'Write to me at 14 Station Road, or call after six when the children have gone to bed.',
  'for (const row of rows) { if (row.total > limit) console.log(row.id, row.total); }',
  'Translate the following paragraph into French and keep the names as they are.',
  'The invoice 2026-10-4471 was paid on the 12th; the reference is A7-99-1204-5530-8812.',
  'She said that the river had been lower in every one of the last nine summers.',
] as const;

/** About four characters a token, as of English text. */
const charactersPerToken = 4;

/** A chat of this many tokens: some turns, the last of which asks; no two are alike. */
function promptOf(tokens: number, index: number): Prompt {
  const pieces: string[] = [];
  for (let length = 0, at = index; length < tokens * charactersPerToken; at += 1) {
    const piece = `${sentences[at % sentences.length]} (${index}.${at})`;
    pieces.push(piece);
    length += piece.length + 1;
  }
  const asked = Math.ceil(pieces.length / 2);
  return {
    model: 'autoselect/balanced',
    messages: [
      { role: 'system', content: 'You answer briefly and say what you do not know.' },
      { role: 'user', content: pieces.slice(0, pieces.length - asked).join('\n') },
      { role: 'assistant', content: 'I see. What shall I do with it?' },
      { role: 'user', content: pieces.slice(-asked).join('\n') },
    ],
  };
}

export function promptsOf(tokens: number): readonly Prompt[] {
  return Array.from({ length: promptsKept }, (_, index) => promptOf(tokens, index));
}

/** What the gateway reads in it. */
export function signalsIn(prompt: Prompt, tokens: number) {
  return signalsOf(prompt, tokens, { charactersMax });
}
