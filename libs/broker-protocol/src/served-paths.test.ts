import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readServedPaths, servedPaths } from './served-paths.js';

const chat = '/v1/chat/completions';

describe(readServedPaths, () => {
  it.each([
    ['flags', { openai_compat: { models: true, chat_completions: true, streaming: true } }, [chat]],
    ['a flag that denies chat', { openai_compat: { chat_completions: false } }, []],
    [
      'a flag of something else',
      { openai_compat: { embeddings: true, responses: false } },
      [chat, '/v1/embeddings'],
    ],
    [
      "the studio's list, in any spelling",
      {
        studio: {
          endpoints: ['v1/images/generations', '/v1/images/generations', 'audio.speech', 7],
          endpoint_capabilities: { '/v1/video/generations': { formats: [] }, 'v1/files': false },
        },
      },
      [chat, '/v1/images/generations', '/v1/audio/speech', '/v1/video/generations'],
    ],
    [
      'a list of objects',
      { endpoints: [{ path: '/v1/pipelines/{id}', method: 'GET' }, { name: 'rerank' }, {}] },
      [chat, '/v1/pipelines/{id}', '/v1/rerank'],
    ],
  ])('reads %s', (_what, capabilities, paths) => {
    expect(readServedPaths(capabilities)).toEqual(paths);
  });

  it.each([
    ['nothing', {}],
    ['flags that stand for no path', { openai_compat: { models: true } }],
    ['values of other kinds', { openai_compat: [], studio: 'all', endpoints: null }],
    [
      'paths that are nobody else’s business',
      {
        endpoints: ['/admin', '/v1/admin', 'static', '/coderai/capabilities', 'https://x/v1/audio'],
      },
    ],
    [
      'paths that could be read in two ways',
      {
        endpoints: [
          '/v1/files/../admin',
          '/v1//files',
          '/v1/files/%2e',
          '/v1/files/',
          'v1/files?a',
        ],
      },
    ],
  ])('makes nothing of %s', (_what, capabilities) => {
    expect(readServedPaths(capabilities)).toBeNull();
  });

  it('never throws, and names few, clean paths', () => {
    const names = fc.oneof(fc.string(), fc.webPath(), fc.constantFrom('v1/files', 'audio.speech'));
    const lists = fc.oneof(fc.jsonValue(), fc.array(names, { maxLength: 300 }));
    fc.assert(
      fc.property(lists, lists, fc.array(names), (one, other, studio) => {
        const capabilities = { openai_compat: one, studio: { endpoints: other }, endpoints: one };
        const paths = servedPaths(readServedPaths(capabilities), studio);
        expect(paths?.length ?? 0).toBeLessThanOrEqual(64);
        for (const path of paths ?? []) {
          expect(path).toMatch(/^\/v1\/[\w.~@{}/-]{1,124}$/);
          expect(path).not.toMatch(/\/\.|\/\/|\/$/);
        }
      }),
    );
  });
});

describe(servedPaths, () => {
  it('joins what is said at registration with the capabilities', () => {
    expect(servedPaths(null, [])).toBeNull();
    expect(servedPaths(null, ['v1/audio/speech'])).toEqual([chat, '/v1/audio/speech']);
    expect(servedPaths([], ['v1/audio/speech'])).toEqual(['/v1/audio/speech']);
    expect(servedPaths([chat], ['v1/audio/speech', 'v1/audio/speech'])).toEqual([
      chat,
      '/v1/audio/speech',
    ]);
  });
});
