import { randomBytes, randomUUID } from 'node:crypto';
import { ApiTokens, CreatedApiToken, RotatedApiToken } from '@aisbf/contracts';
import { totpOf } from '@aisbf/testkit';
import type { Canary } from './canary.js';
import { type CanaryMarket, secretPart } from './canary-market.js';
import type { CanaryTraffic } from './canary-traffic.js';

const random = () => randomBytes(12).toString('hex');

/** Somebody with a browser, who has a password, a second factor and sessions, and mistypes all of them. */
export class CanaryPerson {
  private readonly secrets: Record<string, string> = {
    password: `correct horse ${random()}`,
    newPassword: `another horse ${random()}`,
  };
  private readonly cookies = new Map<string, string>();
  private readonly username = `wanda-${randomUUID().slice(0, 8)}`;

  constructor(
    private readonly canary: CanaryMarket,
    private readonly traffic: CanaryTraffic,
  ) {}

  canaries(): readonly Canary[] {
    return Object.entries(this.secrets).map(([name, text]) => ({ name, text }));
  }

  async signInWellAndBadly(): Promise<void> {
    const { password = '' } = this.secrets;
    const email = `${this.username}@example.com`;
    await this.auth('POST', '/sign-up/email', { username: this.username, email, password });
    const proof = await this.canary.mails.linkTo(email);
    const token = proof.searchParams.get('token') ?? '';
    this.secrets.proofToken = signatureOf(token);
    await this.auth('GET', `/verify-email?token=${token}x`);
    await this.auth('GET', `/verify-email${proof.search}`);
    await this.mistype(email);
    await this.auth('POST', '/sign-in/email', { email, password });
    this.keepCookies('firstSession');
    await this.useAccessToken();
    await this.beginSecondFactor(email);
    await this.resetPassword(email);
    await this.auth('POST', '/sign-out', {});
  }

  /** A token that takes the place of another one, which then is refused. */
  async replaceToken(): Promise<void> {
    const { market, people } = this.canary;
    const buyer = market.operator.as(people.buyer.apiToken);
    const path = '/api/account/api-tokens';
    const request = { name: 'replaced', scopes: ['usage'] };
    const { id, apiToken } = await buyer.call('POST', path, CreatedApiToken, request);
    const rotated = await buyer.call('POST', `${path}/${id}/rotate`, RotatedApiToken, {});
    this.secrets.replacedToken = secretPart(apiToken);
    this.secrets.replacingToken = secretPart(rotated.apiToken.apiToken);
    for (const token of [apiToken, rotated.apiToken.apiToken]) {
      await this.traffic.send('/api/account/balance', { token });
    }
    await buyer.call('GET', path, ApiTokens);
  }

  private async mistype(email: string): Promise<void> {
    const { password = '' } = this.secrets;
    for (const body of [
      { email, password: `${password}x` },
      { email: password, password: email },
      { email, password: [password] },
      { email, passwort: password },
      { email, [password]: password },
      `{"password":"${password}`,
      password,
    ]) {
      await this.auth('POST', '/sign-in/email', body);
    }
    await this.auth('GET', `/get-session?password=${encodeURIComponent(password)}`);
    await this.auth('GET', `/${encodeURIComponent(password)}`);
  }

  private async useAccessToken(): Promise<void> {
    const answer = await this.auth('GET', '/token', undefined, ['accessToken']);
    const token = String((JSON.parse(answer) as { token?: string }).token);
    this.secrets.accessToken = signatureOf(token);
    const changed = token.slice(0, -8);
    for (const given of [token, changed]) {
      await this.traffic.send('/api/account/me', { token: given });
      await this.traffic.send('/api/catalog/providers', { token: given });
      await this.traffic.send('/api/coderai/broker/sessions', { token: given });
      await this.traffic.send('/v1/models', { token: given });
      await this.traffic.send(`/v1/models?access_token=${given}`, { token: '' });
    }
  }

  private async beginSecondFactor(email: string): Promise<void> {
    const { password = '' } = this.secrets;
    const answer = await this.auth('POST', '/two-factor/enable', { password }, [
      'totpSecret',
      'backupCode',
      'otherBackupCode',
    ]);
    const setup = JSON.parse(answer) as { totpURI: string; backupCodes: readonly string[] };
    this.secrets.totpSecret = new URL(setup.totpURI).searchParams.get('secret') ?? '';
    this.secrets.backupCode = setup.backupCodes[0] ?? '';
    this.secrets.otherBackupCode = setup.backupCodes[1] ?? '';
    await this.auth('POST', '/two-factor/verify-totp', { code: '000000' });
    await this.auth('POST', '/two-factor/verify-totp', { code: totpOf(setup.totpURI) });
    this.cookies.clear();
    for (const _ of [1, 2]) {
      await this.auth('POST', '/sign-in/email', { email, password });
      await this.auth('POST', '/two-factor/verify-backup-code', { code: this.secrets.backupCode });
    }
    this.keepCookies('secondSession');
  }

  private async resetPassword(email: string): Promise<void> {
    const { mails } = this.canary;
    const { newPassword = '' } = this.secrets;
    const before = mails.mails.length;
    await this.auth('POST', '/request-password-reset', { email });
    const link = await mails.linkTo(email, before);
    const token = link.pathname.split('/').at(-1) ?? '';
    this.secrets.resetToken = token;
    await this.auth('GET', `/reset-password/${token}${link.search}`, undefined, ['resetToken']);
    for (const given of [`${token}x`, token, token]) {
      await this.auth('POST', '/reset-password', { token: given, newPassword });
    }
  }

  /** Calls the doors of signing in, as a page of the market would. */
  private async auth(
    method: string,
    path: string,
    body?: unknown,
    expected: readonly string[] = [],
  ): Promise<string> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await this.traffic.send(`/api/account/auth${path}`, {
      method,
      body,
      token: '',
      headers: { origin: this.canary.url, ...(cookie !== '' && { cookie }) },
      expected: [...expected, ...sessionCanaries],
    });
    for (const text of response?.headers.getSetCookie() ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
      if (value !== '') this.cookies.set(name, value);
    }
    return this.traffic.lastBody;
  }

  private keepCookies(name: (typeof sessionCanaries)[number]): void {
    const value = [...this.cookies].find(([cookie]) => cookie.endsWith('session_token'))?.[1] ?? '';
    this.secrets[name] = signatureOf(decodeURIComponent(value));
  }
}

/** What stands before tells who somebody is, or is stored; only with this it is good for anything. */
function signatureOf(signed: string): string {
  return signed.split('.').at(-1) ?? '';
}

/** They come to their own browser, as cookies. */
const sessionCanaries = ['firstSession', 'secondSession'] as const;
