import { describe, expect, it } from '@jest/globals';
import { countStatements } from './statement-log.js';

const fromMs = Date.parse('2026-11-25T20:00:00.000Z');
const users = ['aisbf_router'];
const line = (second: string, text: string, user = 'aisbf_router'): string =>
  `2026-11-25 20:00:${second} UTC [77] ${user}@aisbf LOG:  ${text}`;

describe(countStatements, () => {
  it('counts statements of both protocols by the second', () => {
    const log = [
      line('00.100', 'statement: SELECT 1'),
      line('01.000', 'execute <unnamed>: SELECT revision FROM catalogue_revision'),
      line('01.900', 'execute s_1: UPDATE provider SET name = $1'),
      line('01.950', 'statement: COMMIT'),
    ].join('\n');
    expect(countStatements(log, { fromMs, toMs: fromMs + 5_000, users })).toEqual({
      total: 4,
      perSMax: 3,
    });
  });

  it('leaves out other logins, other times, and lines that begin no statement', () => {
    const log = [
      line('01.000', 'statement: SELECT 1', 'aisbf'),
      line('59.000', 'statement: SELECT 1'),
      line('01.000', 'duration: 1.2 ms'),
      `${line('01.000', 'checkpoint complete: wrote 3 buffers')}`,
      '\tFROM catalogue WHERE LOG:  statement: SELECT 1',
      line('01.000', 'parameters: $1 = 1'),
    ].join('\n');
    expect(countStatements(log, { fromMs, toMs: fromMs + 5_000, users })).toEqual({
      total: 0,
      perSMax: 0,
    });
  });
});
