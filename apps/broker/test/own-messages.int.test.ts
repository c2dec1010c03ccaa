import { createLog, NatsBus } from '@aisbf/platform';
import { natsUrl, until } from '@aisbf/testkit';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';

describe('a bus that does not hear itself', () => {
  it('hears everybody else, and everybody else hears it', async () => {
    const log = createLog('test', 'silent');
    const url = await natsUrl();
    const deaf = await NatsBus.connect({ url, name: 'deaf', log, hearsItself: false });
    const other = await NatsBus.connect({ url, name: 'other', log });
    const heard: Record<'deaf' | 'other', string[]> = { deaf: [], other: [] };
    try {
      deaf.subscribe('words', z.string(), (word) => heard.deaf.push(word));
      other.subscribe('words', z.string(), (word) => heard.other.push(word));
      await Promise.all([deaf.flush(), other.flush()]);
      deaf.publish('words', 'from deaf');
      await deaf.flush();
      other.publish('words', 'from other');
      await until(() => heard.deaf.length > 0 && heard.other.length > 1);
      expect(heard).toEqual({ deaf: ['from other'], other: ['from deaf', 'from other'] });
    } finally {
      await Promise.all([deaf.close(), other.close()]);
    }
  });
});
