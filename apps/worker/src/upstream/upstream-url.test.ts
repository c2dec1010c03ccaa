import { describe, expect, it } from '@jest/globals';
import { upstreamBase } from './upstream-url.js';

describe(upstreamBase, () => {
  it.each([
    ['http://localhost:11434', 'http://localhost:11434/v1/'],
    ['http://localhost:11434/', 'http://localhost:11434/v1/'],
    ['http://localhost:11434/v1', 'http://localhost:11434/v1/'],
    ['http://localhost:11434/v1//', 'http://localhost:11434/v1/'],
    ['https://x/openai', 'https://x/openai/v1/'],
    ['https://x/openai/v1', 'https://x/openai/v1/'],
    ['https://x/v1beta/openai', 'https://x/v1beta/openai/'],
  ])('reads %s', (url, base) => {
    expect(upstreamBase(url).href).toBe(base);
  });
});
