import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { billedUnits, type Metered } from './billed-units.js';

const metered = (change: Partial<Metered> = {}): Metered => ({
  promptTokens: 100,
  completionTokens: 10,
  reasoningTokens: 0,
  reported: null,
  isReasoningPriced: false,
  outputTokensHeld: 50,
  output: undefined,
  media: 0,
  given: {},
  ...change,
});
const reported = (cachedPromptTokens: number, reasoningTokens: number) => ({
  promptTokens: 1,
  completionTokens: 1,
  cachedPromptTokens,
  reasoningTokens,
});

describe(billedUnits, () => {
  it('bills our own counts', () => {
    expect(billedUnits(metered({ reasoningTokens: 3 }))).toEqual({
      prompt_token: 100,
      completion_token: 10,
      reasoning_token: 3,
    });
  });

  it('believes in a cache as far as there was a prompt', () => {
    expect(billedUnits(metered({ reported: reported(30, 0) }))).toMatchObject({
      prompt_token: 70,
      cached_prompt_token: 30,
    });
    expect(billedUnits(metered({ reported: reported(1e12, 0) }))).toMatchObject({
      prompt_token: 0,
      cached_prompt_token: 100,
    });
  });

  it.each([
    ['where it has no price', { isReasoningPriced: false }, undefined],
    ['where it was seen and counted', { isReasoningPriced: true, reasoningTokens: 2 }, 2],
    ['where nothing was held for it', { isReasoningPriced: true, outputTokensHeld: 5 }, undefined],
    ['as far as it is paid for', { isReasoningPriced: true }, 40],
  ])('takes thinking out of sight %s', (_name, change, expected) => {
    const units = billedUnits(metered({ ...change, reported: reported(0, 1e12) }));
    expect(units.reasoning_token).toBe(expected);
  });

  it('bills pictures that came, as far as they were asked for, and what was known before', () => {
    const output = { kind: 'image', max: 2, each: 1 } as const;
    const units = billedUnits(metered({ output, media: 3, given: { audio_second: 7 } }));
    expect(units).toMatchObject({ image: 2, audio_second: 7 });
    expect(billedUnits(metered({ output }))).not.toHaveProperty('image');
    const films = { kind: 'video_second', max: 16, each: 8 } as const;
    expect(billedUnits(metered({ output: films, media: 1 }))).toMatchObject({ video_second: 8 });
  });

  it('never bills more prompt than there was, nor more output than was seen or held', () => {
    const count = fc.nat(1_000);
    const word = fc.option(fc.record({ cached: fc.nat(), thought: fc.nat() }));
    fc.assert(
      fc.property(count, count, count, count, word, (prompt, completion, reasoning, held, says) => {
        const units = billedUnits({
          ...metered(),
          promptTokens: prompt,
          completionTokens: completion,
          reasoningTokens: reasoning,
          outputTokensHeld: held,
          isReasoningPriced: true,
          reported: says && reported(says.cached, says.thought),
        });
        expect((units.prompt_token ?? 0) + (units.cached_prompt_token ?? 0)).toBe(prompt);
        expect(units.completion_token).toBe(completion);
        const output = completion + (units.reasoning_token ?? 0);
        expect(output).toBeLessThanOrEqual(Math.max(held, completion + reasoning));
      }),
    );
  });
});
