import { describe, expect, it } from '@jest/globals';
import { betweenMarks } from './marked-page.js';

const page =
  '# Title\n\n<!-- one: begin -->\nold\n<!-- one: end -->\n\n<!-- two: begin -->\n<!-- two: end -->\n';

describe(betweenMarks, () => {
  it('replaces what is between the marks of this name and nothing else', () => {
    const written = betweenMarks(page, 'one', '| a |');
    expect(written).toBe(
      '# Title\n\n<!-- one: begin -->\n\n| a |\n\n<!-- one: end -->\n\n<!-- two: begin -->\n<!-- two: end -->\n',
    );
    expect(betweenMarks(written, 'one', '| a |')).toBe(written);
    expect(betweenMarks(page, 'two', 'b')).toContain('old');
  });

  it('refuses a page without its marks', () => {
    expect(() => betweenMarks('# Title\n', 'one', 'x')).toThrow('lacks');
    expect(() => betweenMarks(page, 'three', 'x')).toThrow('three');
    expect(() => betweenMarks('<!-- one: end --><!-- one: begin -->', 'one', 'x')).toThrow();
  });
});
