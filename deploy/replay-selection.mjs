/**
 * Makes the decisions of autoselects on a receipt again, of what the receipt says, and tells whether they come out the same.
 *
 *   curl … /v1/generation?id=req_… | node deploy/replay-selection.mjs
 *
 * Prints, as JSON, each decision and who would be asked first; ends with 1 where one comes out differently.
 */

import { text } from 'node:stream/consumers';
import { isDeepStrictEqual } from 'node:util';
import { replaySelection } from '../apps/router/dist/domain/selection.js';
import { SelectionRecord } from '../libs/contracts/dist/index.js';

const answer = JSON.parse(await text(process.stdin));
const { selections = [] } = answer.data ?? answer;
const replayed = selections.map((told) => {
  const { omitted = 0, ...record } = SelectionRecord.parse(told);
  const { autoselect, decision, outcomes } = replaySelection(record);
  const isSame = isDeepStrictEqual({ decision, outcomes }, pick(record));
  const order = outcomes.flatMap(({ ranking }) => ranking.flat().map(({ name }) => name));
  return { autoselect, decision, order, omitted, isSame };
});
console.log(JSON.stringify(replayed, null, 2));
if (replayed.some(({ isSame }) => !isSame)) process.exitCode = 1;

function pick({ decision, outcomes }) {
  return { decision, outcomes };
}
