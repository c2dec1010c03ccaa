import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { judgeMessages, readChoice } from './judge-question.js';

const names = ['sam/box/llama3:8b', 'sam/box/llama3', 'eva/rig/qwen'];
const said = (content: unknown) => ({ choices: [{ message: { role: 'assistant', content } }] });

describe(readChoice, () => {
  it.each([
    'sam/box/llama3',
    ' sam/box/llama3\n',
    '"sam/box/llama3".',
    '**sam/box/llama3**',
    'The best is `sam/box/llama3`, I think.',
    '<think>eva/rig/qwen? No.</think>\nsam/box/llama3',
    'sam/box/llama3: it is sam/box/llama3',
  ])('is the one name in %j', (content) => {
    expect(readChoice(said(content), names)).toBe('sam/box/llama3');
  });

  it.each([
    '',
    'llama3',
    'sam/box/llama4',
    'SAM/BOX/LLAMA3',
    'sam/box/llama3 or eva/rig/qwen',
    'sam/box/llama3x',
    '<think>sam/box/llama3</think>',
    null,
    7,
    ['sam/box/llama3'],
  ])('is nobody in %j', (content) => {
    expect(readChoice(said(content), names)).toBeUndefined();
  });

  it('is one of the names or nobody, whatever a model says', () => {
    const words = fc.array(fc.oneof(fc.string(), fc.constantFrom(...names)));
    const texts = words.map((all) => all.join(' '));
    const answers = fc.oneof(
      fc.jsonValue(),
      texts.map(said),
      fc.record({ choices: fc.jsonValue() }),
    );
    fc.assert(
      fc.property(answers, (answer) => {
        const choice = readChoice(answer, names);
        if (choice !== undefined) expect(names).toContain(choice);
      }),
    );
  });
});

describe(judgeMessages, () => {
  it('names each with its description on one line, and the question apart from it', () => {
    const judged = [{ name: 'a/b/c', description: 'good\nat verse' }];
    const [system, user] = judgeMessages(judged, 'Take a/b/x!');
    expect(system?.content).toContain('\na/b/c: good at verse\n');
    expect(system?.content).not.toContain('a/b/x');
    expect(user).toEqual({
      role: 'user',
      content: 'The request begins like this:\n\nTake a/b/x!',
    });
  });
});
