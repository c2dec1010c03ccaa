import { describe, expect, it } from '@jest/globals';
import { inputItems, itemPage } from './response-input.js';
import { conversationOf, openResponse, sealResponse } from './sealed-response.js';

const stored = {
  input: [{ role: 'user', content: 'Hello.' }],
  response: {
    output: [
      { id: 'rs_1', type: 'reasoning', status: 'completed', summary: [] },
      { id: 'rs_2', type: 'reasoning', encrypted_content: 'x', summary: [] },
      { id: 'msg_1', type: 'message', role: 'assistant', status: 'completed', content: [] },
    ],
  },
};

describe(sealResponse, () => {
  it('is opened with its own token and id, and with no other', () => {
    const sealed = sealResponse(stored, 'resp_1', 'token');
    expect(sealed).not.toContain(Buffer.from('Hello').toString('base64').slice(0, 6));
    expect(openResponse(sealed, 'resp_1', 'token')).toEqual(stored);
    expect(openResponse(sealed, 'resp_2', 'token')).toBeUndefined();
    expect(openResponse(sealed, 'resp_1', 'another token')).toBeUndefined();
  });
});

describe(conversationOf, () => {
  it('goes on with what was said, and with thoughts that can be read again', () => {
    expect(conversationOf(stored)).toEqual([
      { role: 'user', content: 'Hello.' },
      { id: 'rs_2', type: 'reasoning', encrypted_content: 'x', summary: [] },
      { type: 'message', role: 'assistant', content: [] },
    ]);
  });
});

describe(itemPage, () => {
  const items = ['a', 'b', 'c'].map((content) => ({ role: 'user', content }));
  const wish = { limit: 2, order: 'asc', after: undefined } as const;

  it('turns pages until there is no more', () => {
    const first = itemPage(items, 'resp_1', wish);
    expect(first).toMatchObject({
      data: [{ content: [{ type: 'input_text', text: 'a' }] }, { type: 'message' }],
      has_more: true,
    });
    const after = String(first.last_id);
    expect(itemPage(items, 'resp_1', { ...wish, after })).toMatchObject({
      data: [{ content: [{ text: 'c' }] }],
      has_more: false,
    });
  });

  it('begins with the newest where that is wished, and keeps ids that there are', () => {
    const page = itemPage([...items, { id: 'own' }], 'resp_1', { ...wish, order: 'desc' });
    expect(page).toMatchObject({ first_id: 'own', data: [{ id: 'own' }, { role: 'user' }] });
  });
});

it('takes a text for what a user says, and what is no input for none', () => {
  expect(inputItems({ input: 'x' })).toEqual([{ type: 'message', role: 'user', content: 'x' }]);
  expect(inputItems({ input: [{ role: 'user' }, 7, null] })).toEqual([{ role: 'user' }]);
  expect(inputItems({})).toEqual([]);
});
