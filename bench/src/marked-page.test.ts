import { describe, expect, it } from '@jest/globals';
import { betweenMarks } from './marked-page.js';

const page = '# Title\n\n<!-- measured: begin -->\nold\n<!-- measured: end -->\n\nThe end.\n';

describe(betweenMarks, () => {
  it('replaces what is between the marks and nothing else', () => {
    const written = betweenMarks(page, '| a |');
    expect(written).toBe(
      '# Title\n\n<!-- measured: begin -->\n\n| a |\n\n<!-- measured: end -->\n\nThe end.\n',
    );
    expect(betweenMarks(written, '| a |')).toBe(written);
  });

  it('refuses a page without its marks', () => {
    expect(() => betweenMarks('# Title\n', 'x')).toThrow('lacks');
    expect(() => betweenMarks('<!-- measured: end --><!-- measured: begin -->', 'x')).toThrow();
  });
});
