import { randomUUID } from 'node:crypto';
import type { AccessKeys, AccessRenewed, Principal } from '@aisbf/contracts';
import { createLog } from '@aisbf/platform';
import { createSecretToken } from '@aisbf/secrets';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { accessFaults } from './access-faults.js';
import { AccessLease, AccessOffice } from './access-lease.js';
import { PrincipalSource, Principals } from './principals.js';

const principal: Principal = {
  userId: randomUUID(),
  ownerId: randomUUID(),
  username: 'anna',
  role: 'member',
  scopes: ['inference'],
  apiTokenId: randomUUID(),
  sessionId: null,
  limits: { requestsPerMinuteMax: 1, tokensPerMinuteMax: 1, concurrencyMax: 1 },
  rules: { routes: [], models: [], addresses: [] },
  expiresAtMs: null,
};

/** Answers when the test says so. */
class SlowSource extends PrincipalSource {
  readonly questions: PromiseWithResolvers<Principal>[] = [];
  keys: AccessKeys = { keys: [] };
  keysAsked = 0;

  identify(): Promise<Principal> {
    const question = Promise.withResolvers<Principal>();
    this.questions.push(question);
    return question.promise;
  }

  async accessKeys(): Promise<AccessKeys> {
    this.keysAsked += 1;
    return this.keys;
  }
}

/** Tells what the test lets happen, until it is told to be away. */
class ScriptedOffice extends AccessOffice {
  answer: AccessRenewed = { revision: 5, changes: [], isComplete: true };
  isAway = false;

  async renew(): Promise<AccessRenewed> {
    if (this.isAway) throw new Error('away');
    return this.answer;
  }

  async leave(): Promise<void> {
    // Nobody waits here.
  }
}

let source: SlowSource;
let office: ScriptedOffice;
let lease: AccessLease;
let nowMs: number;
let principals: Principals;
const apiToken = createSecretToken('aisbf').text;

beforeEach(async () => {
  source = new SlowSource();
  office = new ScriptedOffice();
  nowMs = 1_000_000;
  const settings = { verifierId: 'v', renewMs: 86_400_000, leaseMs: 1_000, changesMax: 100 };
  const now = () => nowMs;
  lease = new AccessLease(office, settings, createLog('test', 'silent'), now);
  principals = new Principals(source, lease, { nowMs: now }, { ttlMs: 30_000, entriesMax: 2 });
  await lease.start();
});
afterEach(() => lease.stop());

const called = (token: string | undefined = apiToken, address: string | null = null) =>
  principals.require(token, 'inference', address);
const answered = async (pending: Promise<unknown>, answer = principal) => {
  await Promise.resolve();
  source.questions.at(-1)?.resolve(answer);
  await pending;
};
/** The office tells of a change, and is asked. */
const changed = async (subject: string) => {
  const revision = office.answer.revision + 1;
  office.answer = { revision, changes: [{ revision, subject }], isComplete: true };
  await lease.start();
};

describe(AccessLease, () => {
  it('tells everybody who wants to know of a change', async () => {
    const heard: unknown[] = [];
    for (const place of [1, 2]) lease.whenChanged((what) => heard.push([place, what]));
    await changed('subject');
    expect(heard.slice(0, 2)).toEqual([1, 2].map((place) => [place, ['subject']]));
  });
});

describe('Principals, with API tokens', () => {
  it('asks once for callers that come together, and not again while it remembers', async () => {
    await answered(Promise.all([called(), called()]));
    expect(await called()).toBe(principal);
    expect(source.questions.length).toBe(1);
    nowMs += 30_000;
    await lease.start();
    await answered(called());
    expect(source.questions.length).toBe(2);
  });

  it.each([
    ['the token', principal.apiTokenId],
    ['its user', principal.userId],
  ])('asks anew after %s has changed', async (_what, subject) => {
    await answered(called());
    await changed(String(subject));
    await answered(called());
    expect(source.questions.length).toBe(2);
  });

  it('goes on remembering where somebody else has changed', async () => {
    await answered(called());
    await changed(randomUUID());
    await called();
    expect(source.questions.length).toBe(1);
  });

  it('keeps no answer that was under way when something changed', async () => {
    const pending = called();
    await changed(String(principal.apiTokenId));
    await answered(pending);
    await answered(called());
    expect(source.questions.length).toBe(2);
  });

  it('remembers nothing without leave, and lets nobody share a question', async () => {
    await answered(called());
    office.isAway = true;
    nowMs += 1_000;
    const both = [called(), called()];
    await Promise.resolve();
    expect(source.questions.length).toBe(3);
    for (const question of source.questions) question.resolve(principal);
    await Promise.all(both);
    await answered(called());
    expect(source.questions.length).toBe(4);
  });

  it('relies on what it remembers again when the leave is back', async () => {
    await answered(called());
    nowMs += 5_000;
    await lease.start();
    await called();
    expect(source.questions.length).toBe(1);
  });

  it('forgets everything where it is not told of everything', async () => {
    await answered(called());
    office.answer = { revision: 900, changes: [], isComplete: false };
    await lease.start();
    await answered(called());
    expect(source.questions.length).toBe(2);
  });

  it('remembers no refusal', async () => {
    const pending = called();
    await Promise.resolve();
    source.questions[0]?.reject(accessFaults.API_TOKEN_INVALID());
    await expect(pending).rejects.toMatchObject({ code: 'API_TOKEN_INVALID' });
    await answered(called());
    expect(source.questions.length).toBe(2);
  });

  it('refuses one that has expired while it was remembered', async () => {
    await answered(called(), { ...principal, expiresAtMs: nowMs + 500 });
    nowMs += 500;
    await expect(called()).rejects.toMatchObject({ code: 'API_TOKEN_INVALID' });
  });

  it('refuses what cannot be a token without asking', async () => {
    const worker = createSecretToken('aisbfw').text;
    for (const text of ['', 'sk-123', `${apiToken}x`, apiToken.slice(0, -1), worker]) {
      await expect(called(text)).rejects.toMatchObject({ code: 'API_TOKEN_INVALID' });
    }
    const none = principals.require(undefined, 'inference', null);
    await expect(none).rejects.toMatchObject({ code: 'API_TOKEN_INVALID' });
    expect(source.questions.length).toBe(0);
  });

  it('refuses a token that is for something else, or for somewhere else', async () => {
    const rules = { routes: [], models: [], addresses: ['10.0.0.0/8'] };
    await answered(called(apiToken, '10.1.2.3'), { ...principal, rules });
    await expect(called(apiToken, '11.1.2.3')).rejects.toMatchObject({
      code: 'ADDRESS_NOT_ALLOWED',
    });
    await expect(called()).rejects.toMatchObject({ code: 'ADDRESS_NOT_ALLOWED' });
    await expect(principals.require(apiToken, 'manage', '10.1.2.3')).rejects.toMatchObject({
      code: 'SCOPE_MISSING',
    });
  });

  it('forgets the oldest when it is full', async () => {
    for (let count = 0; count < 3; count += 1) {
      const other = { ...principal, apiTokenId: randomUUID() };
      await answered(called(count === 0 ? apiToken : createSecretToken('aisbf').text), other);
    }
    await answered(called());
    expect(source.questions.length).toBe(4);
  });
});

describe('Principals, with access tokens', () => {
  const sid = randomUUID();
  const good = () => ({
    sid,
    owner: principal.ownerId,
    name: 'anna',
    role: 'member',
    rev: 5,
    sub: principal.userId,
    iss: 'aisbf-accounts',
    aud: 'aisbf',
    exp: nowMs / 1_000 + 60,
  });
  let sign: (claims: JWTPayload, kid?: string) => Promise<string>;
  const managed = (token: string) => principals.require(token, 'manage', null);

  beforeEach(async () => {
    const { publicKey, privateKey } = await generateKeyPair('EdDSA');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'EdDSA', kty: 'OKP' };
    source.keys = { keys: [jwk] };
    sign = (claims, kid = 'one') =>
      new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', kid }).sign(privateKey);
  });

  it('reads them without asking who it is', async () => {
    const token = await sign(good());
    expect(await managed(token)).toMatchObject({
      sessionId: sid,
      apiTokenId: null,
      role: 'member',
    });
    await managed(token);
    expect({ questions: source.questions.length, keys: source.keysAsked }).toEqual({
      questions: 0,
      keys: 1,
    });
  });

  it('asks about one whose session or user has changed since it was signed', async () => {
    for (const subject of [sid, principal.userId]) {
      const token = await sign(good());
      await changed(subject);
      const pending = managed(token);
      const refused = expect(pending).rejects.toMatchObject({ code: 'API_TOKEN_INVALID' });
      while (source.questions.length === 0) await new Promise(setImmediate);
      source.questions.pop()?.reject(accessFaults.API_TOKEN_INVALID());
      await refused;
      expect(await managed(await sign({ ...good(), rev: office.answer.revision }))).toBeDefined();
    }
  });

  it('asks about one that is older than what it knows', async () => {
    const pending = managed(await sign({ ...good(), rev: 4 }));
    while (source.questions.length === 0) await new Promise(setImmediate);
    source.questions[0]?.resolve({ ...principal, scopes: ['manage'] });
    expect(await pending).toBeDefined();
  });

  it.each([
    ['for somebody else', { aud: 'others' }],
    ['by somebody else', { iss: 'others' }],
    ['that is over', { exp: 1 }],
    ['without a session', { sid: undefined }],
    ['without a revision', { rev: undefined }],
    ['for a role that there is not', { role: 'king' }],
  ])('refuses one %s', async (_what, change) => {
    const token = await sign({ ...good(), ...change } as JWTPayload);
    await expect(managed(token)).rejects.toMatchObject({ code: 'API_TOKEN_INVALID' });
  });

  it('refuses one that another key has signed, and one that is changed', async () => {
    const { privateKey } = await generateKeyPair('EdDSA');
    const forged = await new SignJWT(good())
      .setProtectedHeader({ alg: 'EdDSA', kid: 'one' })
      .sign(privateKey);
    const [head = '', , tail = ''] = (await sign(good())).split('.');
    const body = Buffer.from(JSON.stringify({ ...good(), role: 'operator' })).toString('base64url');
    const plain = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.x`;
    for (const token of [forged, `${head}.${body}.${tail}`, plain]) {
      await expect(managed(token)).rejects.toMatchObject({ code: 'API_TOKEN_INVALID' });
    }
  });

  it('looks for a key that it does not know, but not for each made-up one', async () => {
    await managed(await sign(good()));
    const strange = await sign({ ...good(), iat: 1 }, 'two');
    await expect(managed(strange)).rejects.toMatchObject({ code: 'API_TOKEN_INVALID' });
    expect(source.keysAsked).toBe(1);
    const [known] = source.keys.keys;
    if (known) source.keys = { keys: [{ ...known, kid: 'two' }] };
    nowMs += 1_000;
    await lease.start();
    await managed(strange);
    expect(source.keysAsked).toBe(2);
  });
});
