import { randomUUID } from 'node:crypto';
import type { Principal } from '@aisbf/contracts';
import { createSecretToken } from '@aisbf/secrets';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { faults } from '../domain/faults.js';
import { Accounts } from './accounts.js';
import { PrincipalCacheSettings, Principals } from './principals.js';

const principal: Principal = {
  apiTokenId: randomUUID(),
  ownerId: randomUUID(),
  username: 'anna',
  role: 'member',
  scopes: ['inference'],
  limits: { requestsPerMinuteMax: 1, tokensPerMinuteMax: 1, concurrencyMax: 1 },
};

/** Answers when the test says so. */
class SlowAccounts extends Accounts {
  readonly questions: PromiseWithResolvers<Principal>[] = [];

  identify(): Promise<Principal> {
    const question = Promise.withResolvers<Principal>();
    this.questions.push(question);
    return question.promise;
  }

  authorise(): never {
    throw new Error('not asked for here');
  }

  ownerOf(): never {
    throw new Error('not asked for here');
  }
}

let accounts: SlowAccounts;
let nowMs: number;
let principals: Principals;
const apiToken = createSecretToken('aisbf').text;

beforeEach(() => {
  accounts = new SlowAccounts();
  nowMs = 0;
  const settings = new PrincipalCacheSettings(30_000, 2);
  principals = new Principals(accounts, { nowMs: () => nowMs }, settings);
});

const answered = async (pending: Promise<unknown>, answer = principal) => {
  accounts.questions.at(-1)?.resolve(answer);
  await pending;
};

describe('Principals', () => {
  it('asks once for callers that come together, and not again while it remembers', async () => {
    const pending = Promise.all([
      principals.require(apiToken, 'inference'),
      principals.require(apiToken, 'inference'),
    ]);
    await answered(pending);
    expect(await principals.require(apiToken, 'inference')).toBe(principal);
    expect(accounts.questions.length).toBe(1);
    nowMs = 30_000;
    const again = principals.require(apiToken, 'inference');
    await answered(again);
    expect(accounts.questions.length).toBe(2);
  });

  it('asks anew after the token has changed', async () => {
    await answered(principals.require(apiToken, 'inference'));
    principals.forget(principal.apiTokenId);
    await answered(principals.require(apiToken, 'inference'));
    expect(accounts.questions.length).toBe(2);
  });

  it('keeps no answer that was under way when the token changed', async () => {
    const pending = principals.require(apiToken, 'inference');
    principals.forget(principal.apiTokenId);
    await answered(pending);
    await answered(principals.require(apiToken, 'inference'));
    expect(accounts.questions.length).toBe(2);
  });

  it('remembers no refusal', async () => {
    const pending = principals.require(apiToken, 'inference');
    accounts.questions[0]?.reject(faults.API_TOKEN_INVALID());
    await expect(pending).rejects.toMatchObject({ code: 'API_TOKEN_INVALID' });
    await answered(principals.require(apiToken, 'inference'));
    expect(accounts.questions.length).toBe(2);
  });

  it('refuses what cannot be a token without asking', async () => {
    const worker = createSecretToken('aisbfw').text;
    for (const text of [undefined, '', 'sk-123', `${apiToken}x`, apiToken.slice(0, -1), worker]) {
      await expect(principals.require(text, 'inference')).rejects.toMatchObject({
        code: 'API_TOKEN_INVALID',
      });
    }
    expect(accounts.questions.length).toBe(0);
  });

  it('refuses a token that is for something else', async () => {
    const pending = principals.require(apiToken, 'manage');
    accounts.questions[0]?.resolve(principal);
    await expect(pending).rejects.toMatchObject({ code: 'SCOPE_MISSING' });
  });

  it('forgets the oldest when it is full', async () => {
    for (let count = 0; count < 3; count += 1) {
      const other = { ...principal, apiTokenId: randomUUID() };
      const token = count === 0 ? apiToken : createSecretToken('aisbf').text;
      await answered(principals.require(token, 'inference'), other);
    }
    await answered(principals.require(apiToken, 'inference'));
    expect(accounts.questions.length).toBe(4);
  });
});
