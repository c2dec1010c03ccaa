import { describe, expect, it } from '@jest/globals';
import { StatusBoard } from './status.js';
import { Terminal } from './terminal.js';

describe(Terminal, () => {
  it('puts lines above the block, which it draws again in the same place', () => {
    const written: string[] = [];
    const terminal = new Terminal({
      title: 'title',
      write: (text) => written.push(text),
      columns: () => 80,
    });
    terminal.line('before\n');
    const board = new StatusBoard({ marketUrl: 'ws://m', upstreamUrl: 'http://u', placesMax: 1 });
    terminal.show(board);
    terminal.line('between\n');
    terminal.close();
    terminal.line('after\n');
    expect(written[0]).toBe('before\n');
    expect(written[1]).toMatch(/^title\n/);
    expect(written[1]?.match(/\n/g)).toHaveLength(6);
    expect(written[2]).toContain('\u001b[6A\u001b[Jbetween\ntitle\n');
    expect(written.at(-1)).toBe('after\n');
  });
});
