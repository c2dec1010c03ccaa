import { randomBytes } from 'node:crypto';
import { AutoselectDefinition, internalPaths, Receipt, type SelectionNote } from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Stage, startStage } from './accounts-stage.js';

let stage: Stage;
let [ownerId, otherId]: string[] = [];
const keptMs = 60_000;

beforeAll(async () => {
  stage = await startStage({
    ACCOUNTS_SELECTION_KEPT_MS: String(keptMs),
    ACCOUNTS_SELECTION_FORGET_INTERVAL_MS: '50',
  });
  [ownerId, otherId] = [await ownerOf('global'), crypto.randomUUID()];
});

afterAll(() => stage.stop());

async function ownerOf(username: string): Promise<string> {
  const { body } = await stage.internal(internalPaths.accountsOwner, {
    type: 'get-owner',
    username,
  });
  return String(body.ownerId);
}

const someRequest = () => `req_${randomBytes(16).toString('hex')}`;
const noteOf = (requestId: string, promptTokens = 7, owner = ownerId ?? ''): SelectionNote => ({
  requestId,
  ownerId: owner,
  selections: [
    {
      autoselect: 'global/cheap',
      definition: AutoselectDefinition.parse({ otherwise: [{}] }),
      signals: null,
      promptTokens,
      candidates: [[]],
      decision: null,
      outcomes: [{ isPrivate: true, ranking: [], excluded: [] }],
    },
  ],
});

const tell = (...notes: readonly SelectionNote[]) =>
  stage.internal(internalPaths.accountsNoteSelections, { type: 'note-selections', notes });

/** Nothing is charged to a receipt like this one; it stands for a request that was released. */
async function receiptIsThere(id: string): Promise<void> {
  await stage.admin.query(
    `INSERT INTO receipt (id, owner_id, api_token_id, amount, parameters_hash, route, is_stream, terms, rejections, state,
                          epoch, created_at, outcome)
     SELECT $1, $2, (SELECT id FROM api_token LIMIT 1), 0, '', 'autoselect/cheap', false, '[]', '[]', 'released', 1, now(),
            'not_served'`,
    [id, ownerId],
  );
}

const receipt = async (id: string) =>
  Receipt.parse((await stage.call('GET', `/api/account/receipts/${id}`, stage.operatorToken)).body);

describe('what autoselects have decided', () => {
  it('stands on the receipt, whichever of them comes first', async () => {
    for (const isNotedFirst of [true, false]) {
      const id = someRequest();
      const steps = [() => tell(noteOf(id)), () => receiptIsThere(id)];
      for (const step of isNotedFirst ? steps : steps.reverse()) await step();
      expect((await receipt(id)).selections).toEqual(noteOf(id).selections);
    }
  });

  it('is told once: another telling changes nothing', async () => {
    const [id, other] = [someRequest(), someRequest()];
    await receiptIsThere(id);
    await receiptIsThere(other);
    await tell(noteOf(id));
    expect((await tell(noteOf(id, 8), noteOf(other, 9))).status).toBe(200);
    expect((await receipt(id)).selections?.[0]?.promptTokens).toBe(7);
    expect((await receipt(other)).selections?.[0]?.promptTokens).toBe(9);
  });

  it('is shown to nobody else: one that names another owner is not on the receipt', async () => {
    const id = someRequest();
    await receiptIsThere(id);
    await tell(noteOf(id, 7, otherId));
    expect(await receipt(id)).not.toHaveProperty('selections');
  });

  it('is forgotten when its time is over, and the receipt stays', async () => {
    const [old, young] = [someRequest(), someRequest()];
    await receiptIsThere(old);
    await receiptIsThere(young);
    await tell(noteOf(old), noteOf(young));
    await stage.admin.query(
      `UPDATE request_selection SET noted_at = noted_at - interval '61 seconds' WHERE request_id = $1`,
      [old],
    );
    await until(async () => !('selections' in (await receipt(old))));
    expect(await receipt(old)).toMatchObject({ id: old, state: 'released' });
    expect(await receipt(young)).toHaveProperty('selections');
  });

  it.each([
    ['nothing', []],
    ['no decision', [{ ...noteOf(someRequest()), selections: [] }]],
    ['no request', [{ ...noteOf('somebody') }]],
  ])('is refused where %s is told', async (_what, notes) => {
    expect((await tell(...notes)).status).toBe(400);
  });

  it('is heard from our own services only', async () => {
    const { accountsNoteSelections } = internalPaths;
    const message = { type: 'note-selections', notes: [noteOf(someRequest())] };
    const answer = await stage.call('POST', accountsNoteSelections, stage.operatorToken, message);
    expect(answer.status).toBe(403);
  });
});
