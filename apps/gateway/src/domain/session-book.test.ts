import type { Units } from '@aisbf/contracts';
import { familyOf, loadEncodings } from '@aisbf/metering';
import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SessionBook } from './session-book.js';

beforeAll(() => loadEncodings());

const room = { tokens: 100, ticks: 48_000 };
const open = () => new SessionBook(familyOf('gpt-realtime'), room, 2);
const item = (text: string, id?: string) => ({
  ...{ id, type: 'message', role: 'user' },
  content: [{ type: 'input_text', text }],
});

/** One thing that happens in a session. */
type Happening =
  | Readonly<{ kind: 'ask'; tokensMax: number }>
  | Readonly<{ kind: 'hear'; bytes: number }>
  | Readonly<{ kind: 'begin' }>
  | Readonly<{ kind: 'say'; words: number; soundTicks: number }>
  | Readonly<{ kind: 'finish'; hasFailed: boolean; promptTokens: number; cached: number }>;

const happenings = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('ask' as const), tokensMax: fc.integer({ min: 1, max: 200 }) }),
    fc.record({ kind: fc.constant('hear' as const), bytes: fc.nat(200_000) }),
    fc.record({ kind: fc.constant('begin' as const) }),
    fc.record({
      kind: fc.constant('say' as const),
      words: fc.nat(5),
      soundTicks: fc.nat(100_000),
    }),
    fc.record({
      kind: fc.constant('finish' as const),
      hasFailed: fc.boolean(),
      promptTokens: fc.nat(1_000_000),
      cached: fc.nat(1_000_000),
    }),
  ) satisfies fc.Arbitrary<Happening>,
  { maxLength: 40 },
);

/**
 * Lets it happen as a session does: nothing is said that there is no room for. Gives the most that was ever needed; `look` is
 * called whenever something has happened.
 */
function live(book: SessionBook, story: readonly Happening[], look: () => void = () => {}) {
  const most = { prompt_token: 0, completion_token: 0, audio_second: 0 };
  const running: string[] = [];
  let begun = 0;
  const note = () => {
    const needs = book.needs();
    for (const kind of Object.keys(most) as (keyof typeof most)[]) {
      most[kind] = Math.max(most[kind], needs[kind] ?? 0);
    }
  };
  const happen = (one: Happening): void => {
    if (one.kind === 'ask') {
      book.said(item('hello there'));
      book.ask(book.question({ max_output_tokens: one.tokensMax }, null));
    } else if (one.kind === 'hear') {
      book.hear(book.ticksHeardIn(one.bytes));
    } else if (one.kind === 'begin') {
      begun += 1;
      running.push(`r${begun}`);
      book.begin(`r${begun}`);
    } else if (one.kind === 'say') {
      say(book, running[0], one, note);
    } else {
      finish(book, running.shift(), one);
    }
  };
  for (const one of story) {
    happen(one);
    note();
    look();
  }
  return most;
}

function say(
  book: SessionBook,
  id: string | undefined,
  { words, soundTicks }: Extract<Happening, { kind: 'say' }>,
  note: () => void,
): void {
  const answer = book.answer(id ?? '');
  if (!answer) return;
  const part = { part: 'i/0', text: ' word'.repeat(words), isWhole: false };
  const piece = answer.read([part], soundTicks);
  if (!answer.hasRoomFor(piece)) answer.room = answer.roomFor(piece, { tokens: 0, ticks: 0 });
  answer.send(piece);
  note();
  answer.delivery.leave(1);
}

function finish(
  book: SessionBook,
  id: string | undefined,
  { promptTokens, cached, hasFailed }: Extract<Happening, { kind: 'finish' }>,
): void {
  const answer = book.answer(id ?? '');
  if (!answer) return;
  book.done(answer, {
    ...{ promptTokens, completionTokens: 0, cachedPromptTokens: cached, isToldApart: false },
  });
  book.finish(id ?? '', hasFailed);
}

/** Prompts, words, seconds. */
function countsOf(units: Units = {}): number[] {
  const { prompt_token: prompt = 0, cached_prompt_token: cached = 0 } = units;
  return [prompt + cached, units.completion_token ?? 0, units.audio_second ?? 0];
}

function expectAtMost(less: readonly number[], more: readonly number[]): void {
  for (const [place, count] of less.entries()) expect(count).toBeLessThanOrEqual(more[place] ?? 0);
}

describe(SessionBook, () => {
  it('counts an answer into later prompts the same, wherever it was halted on its way to the buyer', () => {
    const promptAfter = (leftBefore: number): number => {
      const book = open();
      book.ask(book.question({}, null));
      const answer = book.begin('resp_1');
      for (const [at, text] of ['A ', 'whole ', 'ans', 'wer.'].entries()) {
        answer.send(answer.read([{ part: 'i/0', text, isWhole: false }], 0));
        if (at < leftBefore) answer.delivery.leave(1);
      }
      book.done(answer, null);
      return book.question({}, null).promptTokens;
    };
    expect([1, 2, 3, 4].map(promptAfter)).toEqual(Array(4).fill(promptAfter(0)));
  });

  it('bills no more of anything than was needed at some time, whatever happens and whoever ends it', () => {
    fc.assert(
      fc.property(happenings, fc.boolean(), (story, isRunningPaid) => {
        const book = open();
        const most = live(book, story);
        const { units } = book.bill(isRunningPaid);
        const prompt = (units.prompt_token ?? 0) + (units.cached_prompt_token ?? 0);
        expect(prompt).toBeLessThanOrEqual(most.prompt_token);
        expect(units.completion_token).toBeLessThanOrEqual(most.completion_token);
        expect(units.audio_second ?? 0).toBeLessThanOrEqual(most.audio_second);
        for (const count of Object.values<number | undefined>(units)) {
          expect(Number.isSafeInteger(count) && Number(count) >= 0).toBe(true);
        }
      }),
    );
  });

  it('bills what has left of an answer under way, or nothing of it and of what it answers', () => {
    const begun = () => {
      const book = open();
      book.hear(48_000);
      book.ask(book.question({}, null));
      const answer = book.begin('r');
      for (const text of [' one', ' two', ' three']) {
        answer.send(answer.read([{ part: 'i/0', text, isWhole: false }], 10));
      }
      answer.delivery.leave(2);
      return book;
    };
    expect(begun().bill(true).units).toEqual({
      ...{ prompt_token: 3, completion_token: 2, audio_second: 2 },
    });
    expect(begun().bill(false)).toEqual({
      ...{ units: { prompt_token: 0, completion_token: 0 }, usage: null, hasContent: false },
    });
  });

  it('says at any time what it would bill then, and never less of what is finished', () => {
    fc.assert(
      fc.property(happenings, fc.boolean(), (story, isRunningPaid) => {
        const book = open();
        let before = [0, 0, 0];
        live(book, story, () => {
          const finished = countsOf(book.soFar?.finished);
          expectAtMost(before, finished);
          expectAtMost(finished, countsOf(book.soFar?.delivered));
          before = finished;
        });
        const { soFar } = book;
        const { units, hasContent } = book.bill(isRunningPaid);
        const told = isRunningPaid ? soFar?.delivered : soFar?.finished;
        expect(told ?? {}).toEqual(hasContent ? units : {});
      }),
    );
  });

  it('counts a text once, however often it is said whole', () => {
    const answer = open().begin('r');
    const texts = [' one', ' one two', ' one two', ' one'].map((text) =>
      answer.read([{ part: 'i/0', text, isWhole: true }], 0),
    );
    expect(texts.map(({ text }) => text)).toEqual([' one', ' two', '', '']);
  });

  it('changes the session when the model says that it has changed', () => {
    const book = open();
    const session = {
      ...{ output_modalities: ['text'], max_output_tokens: 7 },
      audio: { input: { format: { type: 'audio/pcmu' } } },
    };
    book.update({ eventId: 'refused', session: { max_output_tokens: 1 } });
    book.update({ eventId: null, session });
    expect(book.question({}, null).room).toEqual(room);
    book.refused('refused');
    book.updated();
    expect(book.question({}, null).room).toEqual({ tokens: 7, ticks: 0 });
    expect(
      book.question({ output_modalities: ['audio'], max_output_tokens: 'inf' }, null).room,
    ).toEqual({ tokens: 7, ticks: 48_000 });
    expect([book.ticksHeardIn(8_000), book.ticksSpokenIn(48_000)]).toEqual([48_000, 48_000]);
    book.updated();
    expect(book.question({}, null).room.tokens).toBe(7);
  });

  it('lets an answer begin that was asked for, or that answers sound', () => {
    const book = open();
    expect(book.mayBegin).toBe(false);
    book.ask(book.question({}, null));
    expect(book.mayBegin).toBe(true);
    book.begin('asked');
    expect(book.mayBegin).toBe(false);
    book.hear(1);
    expect(book.mayBegin).toBe(true);
    book.begin('heard');
    expect(book.mayBegin).toBe(false);
  });

  it('lets a few follow where the buyer has given it tools that it calls by itself', () => {
    const tools = [{ type: 'mcp', server_label: 'shop' }];
    const begun = (book: SessionBook) => {
      let count = 0;
      while (book.mayBegin && count < 9) {
        count += 1;
        book.begin(`r${count}`);
      }
      return count;
    };
    const book = open();
    book.ask(book.question({ tools }, null));
    expect(begun(book)).toBe(3);
    const leave = { type: 'mcp_approval_response', approve: true };
    book.said(leave);
    expect(begun(book)).toBe(0);
    book.update({ eventId: null, session: { tools } });
    book.updated();
    book.said(leave);
    expect(begun(book)).toBe(2);
    book.hear(1);
    expect(begun(book)).toBe(3);
    book.ask(book.question({ tools: [{ type: 'function', name: 'f' }] }, null));
    expect(begun(book)).toBe(1);
  });

  it('forgets a question that the model refuses', () => {
    const book = open();
    for (const eventId of ['a', 'b', null]) book.ask(book.question({}, eventId));
    book.refused('a');
    book.refused('nobody’s');
    book.refused(null);
    expect(book.needs().completion_token).toBe(100);
    book.refused('b');
    expect([book.hasQuestion, book.isAnswering]).toEqual([false, false]);
  });
});

describe('the dialogue of a session', () => {
  const promptOf = (book: SessionBook, options = {}) => book.question(options, null).promptTokens;

  it('is what was said and answered, less what was taken out', () => {
    const book = open();
    expect(promptOf(book)).toBe(3);
    book.said(item('hello', 'mine'));
    expect(promptOf(book)).toBe(8);
    book.dialogue.answered('theirs', 2);
    expect(promptOf(book)).toBe(14);
    book.dialogue.removed('mine');
    book.dialogue.removed('mine');
    book.dialogue.removed(undefined);
    expect(promptOf(book)).toBe(9);
  });

  it('is left out where an answer has items of its own', () => {
    const book = open();
    book.said(item('hello '.repeat(50), 'long'));
    book.said(item('hello', 'short'));
    const input = [{ type: 'item_reference', id: 'short' }, item('hello')];
    expect(promptOf(book, { input })).toBe(13);
    expect(promptOf(book, { input: [] })).toBe(3);
    expect(promptOf(book, { input, instructions: 'be kind' })).toBe(19);
  });

  it('shows tools and what they gave, and no sound', () => {
    const book = open();
    const before = promptOf(book);
    const sound = { type: 'input_audio', audio: 'A'.repeat(9_999), transcript: 'hello' };
    book.said({ type: 'message', role: 'user', content: [sound] });
    expect(promptOf(book)).toBe(before + 4);
    book.said({ type: 'function_call_output', call_id: 'c', output: '{"sun": true}' });
    expect(promptOf(book)).toBeGreaterThan(before + 8);
    book.update({ eventId: null, session: { tools: [{ type: 'function', name: 'look' }] } });
    const unshown = promptOf(book);
    book.updated();
    expect(promptOf(book)).toBeGreaterThan(unshown);
  });

  it('takes whatever is said for no more than it is', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (items) => {
        const book = open();
        for (const each of items) book.said(each);
        expect(promptOf(book)).toBeGreaterThanOrEqual(3 + 4 * items.length);
      }),
    );
  });
});
