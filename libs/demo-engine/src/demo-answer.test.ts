import { countTextTokens } from '@aisbf/metering';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { composeAnswer } from './demo-answer.js';
import { demoModels } from './demo-model.js';

const unlimited = { stop: [], tokensMin: 0, tokensMax: Number.MAX_SAFE_INTEGER };
const prompt = { seed: 'x', question: 'How are you?' };
const [small, large] = demoModels;
if (small === undefined || large === undefined) throw new Error('two models are expected');

describe(composeAnswer, () => {
  it('says what it is, quotes the prompt and repeats itself', () => {
    const answer = composeAnswer(small, prompt, unlimited);
    expect(answer.text).toMatch(
      /^I am demo-small, a canned demonstration and not a language model\./,
    );
    expect(answer.text).toContain('“How are you?”');
    expect(composeAnswer(small, prompt, unlimited)).toEqual(answer);
    expect(composeAnswer(small, { ...prompt, seed: 'y' }, unlimited).text).not.toBe(answer.text);
  });

  it('talks more as demo-large', () => {
    const [short, long] = [small, large].map((model) => composeAnswer(model, prompt, unlimited));
    expect(long?.tokens).toBeGreaterThan(2 * (short?.tokens ?? Number.POSITIVE_INFINITY));
  });

  it('talks as long as it is told to', () => {
    const { tokens } = composeAnswer(small, prompt, { ...unlimited, tokensMin: 3000 });
    expect(tokens).toBeGreaterThanOrEqual(3000);
    expect(tokens).toBeLessThan(3100);
  });

  it('ends before the first stop word', () => {
    const answer = composeAnswer(small, prompt, { ...unlimited, stop: ['language', 'canned'] });
    expect(answer).toMatchObject({ text: 'I am demo-small, a ', finishReason: 'stop' });
  });

  it('counts what it says, never more than allowed, and streams exactly that', () => {
    const property = fc.property(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.integer({ min: 1, max: 200 }),
      fc.constantFrom(small, large),
      (question, tokensMax, model) => {
        const answer = composeAnswer(
          model,
          { seed: question, question },
          { ...unlimited, tokensMax },
        );
        expect(answer.tokens).toBe(countTextTokens(answer.text));
        expect(answer.tokens).toBeLessThanOrEqual(tokensMax);
        expect(answer.pieces.join('')).toBe(answer.text);
        const whole = composeAnswer(model, { seed: question, question }, unlimited);
        expect(whole.text.startsWith(answer.text)).toBe(true);
        expect(answer.finishReason).toBe(answer.text === whole.text ? 'stop' : 'length');
      },
    );
    fc.assert(property, { numRuns: 200 });
  });
});
