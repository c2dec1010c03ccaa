import { describe, expect, it } from '@jest/globals';
import { isAutoselectRoute } from './autoselect-route.js';
import { factsOf } from './request-facts.js';

describe(isAutoselectRoute, () => {
  it.each([
    'autoselect/fast',
    'autoselections/fast',
    'user-autoselect/mine',
    'sam/autoselect/theirs',
    'autoselect/fast:nitro',
  ])('is so of %s', (route) => {
    expect(isAutoselectRoute(route)).toBe(true);
  });

  it.each([
    ['autoselect', 'autoselect/', 'autoselect/a/b', 'rotation/autoselect', 'sams/autoselect'],
    ['sam/provider/rig/autoselect/x', 'user-provider/autoselect/x/y', 'llama', ''],
  ])('is not so of anything else', (...routes) => {
    expect(routes.filter(isAutoselectRoute)).toEqual([]);
  });
});

describe(factsOf, () => {
  const facts = (model: string, fallbacks?: string[]) =>
    factsOf(
      {
        text: '{}',
        request: {
          model,
          isStream: false,
          outputTokensMax: null,
          choices: 1,
          hasUsageChunk: false,
          body: { messages: [{ role: 'user', content: 'write to jo@example.org, zebra' }] },
        },
        wishes: { facts: { ...(fallbacks && { fallbacks }) }, ownMembers: new Set() },
        signalLimits: { charactersMax: 1_000 },
      },
      7,
    );

  it('looks at a prompt where one of its routes is selected by it, and at no other', () => {
    expect(facts('rig/llama').signals).toBeUndefined();
    expect(facts('autoselect/fast').signals?.private).toEqual(['email']);
    expect(facts('rig/llama', ['autoselect/fast']).signals?.private).toEqual(['email']);
  });

  it('tells nothing of its text', () => {
    expect(JSON.stringify(facts('autoselect/fast'))).not.toMatch(/zebra|example/);
  });
});
