import { familyOf } from '@aisbf/metering';
import { type Answer, type AnswerPiece, answerOf } from '@aisbf/openai';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Delivery } from './delivery.js';

const { tokenizer } = familyOf('gpt-4o');
const answer = (...pieces: readonly AnswerPiece[]): Answer => answerOf({ pieces });
const piece = (text: string, choice = 0, kind: AnswerPiece['kind'] = 'completion') => ({
  choice,
  kind,
  text,
});

describe(Delivery, () => {
  it('bills what has left, and wants money for what was sent', () => {
    const delivery = new Delivery(tokenizer);
    delivery.send(answer(piece(' one')));
    delivery.send(answer(piece(' two')));
    delivery.send(answer(piece(' three')));
    expect([delivery.sent, delivery.outputTokens]).toEqual([3, 0]);
    delivery.leave(2);
    expect([delivery.sent, delivery.outputTokens]).toEqual([3, 2]);
  });

  it('knows pictures that have left, and whether the buyer has anything', () => {
    const delivery = new Delivery(tokenizer);
    delivery.send(answerOf({ media: 0 }));
    delivery.send(answerOf({ media: 2 }));
    delivery.leave(1);
    expect(delivery).toMatchObject({ media: 0, hasContent: false });
    delivery.leave(1);
    expect(delivery).toMatchObject({ media: 2, hasContent: true });
  });

  it('counts each choice as the text that it is, and thoughts apart from words', () => {
    const delivery = new Delivery(tokenizer);
    const letters = [...'international'];
    for (const letter of letters) {
      delivery.send(answer(piece(letter, 0), piece(letter, 1), piece(letter, 0, 'reasoning')));
    }
    delivery.leave(letters.length);
    expect(delivery).toMatchObject({ completionTokens: 2, reasoningTokens: 1, outputTokens: 3 });
  });

  it('loses and invents nothing, in whatever order things are sent and leave', () => {
    const step = fc.oneof(
      fc.record({ text: fc.constantFrom(' word', ' another', ' one more'), choice: fc.nat(2) }),
      fc.nat(4),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const delivery = new Delivery(tokenizer);
        const sent: number[] = [];
        let left = 0;
        for (const one of steps) {
          if (typeof one === 'number') {
            left = Math.min(sent.length, left + one);
            delivery.leave(one);
          } else {
            sent.push(one.text.trim().split(' ').length);
            delivery.send(answer(piece(one.text, one.choice)));
          }
          const sum = (counts: readonly number[]) =>
            counts.reduce((total, count) => total + count, 0);
          expect(delivery.sent).toBe(sum(sent));
          expect(delivery.outputTokens).toBe(sum(sent.slice(0, left)));
          expect(delivery.sentAtMost).toBeGreaterThanOrEqual(delivery.sent);
        }
      }),
    );
  });
});
