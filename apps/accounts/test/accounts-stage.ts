import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { internalHeaders } from '@aisbf/contracts';
import { readConfig } from '@aisbf/platform';
import { createDatabase, FakeMailServer, natsUrl } from '@aisbf/testkit';
import { Pool } from 'pg';
import { startAccounts } from '../src/accounts.js';
import { accountsSettings } from '../src/config.js';

export const internalSecret = 'a secret of this test only';
/** As the service is told; nothing listens there. */
export const publicUrl = 'http://market.example';

export type Answer = Readonly<{
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}>;

/** Accounts with a mail server and the first operator. */
export async function startStage(changes: Readonly<Record<string, string>> = {}) {
  const [database, mails, nats] = [
    await createDatabase(),
    await FakeMailServer.start(),
    await natsUrl(),
  ];
  const folder = await mkdtemp(join(tmpdir(), 'aisbf-accounts-'));
  const environment = {
    AISBF_INTERNAL_SECRET: internalSecret,
    AISBF_NATS_URL: nats,
    ACCOUNTS_HTTP_PORT: '0',
    ACCOUNTS_GRPC_PORT: '0',
    ACCOUNTS_LOG_LEVEL: 'silent',
    ACCOUNTS_DATABASE_URL: database.urls.accounts,
    ACCOUNTS_SECRET_PEPPER: 'a pepper of this test only',
    ACCOUNTS_OPERATOR_API_TOKEN_FILE: join(folder, 'operator-token'),
    ACCOUNTS_PUBLIC_URL: publicUrl,
    ACCOUNTS_SMTP_URL: mails.url,
    ACCOUNTS_SIGN_UP: 'open',
    ...changes,
  };
  const accounts = await startAccounts(readConfig(accountsSettings, environment));
  const url = await accounts.app.getUrl();
  const admin = new Pool({
    connectionString: database.adminUrl,
    options: '-c search_path=accounts',
    max: 2,
  });
  admin.on('error', () => undefined);
  const operatorToken = (await readFile(join(folder, 'operator-token'), 'utf8')).trim();
  return {
    url,
    mails,
    admin,
    nats,
    operatorToken,
    folder,
    database,
    call: (method: string, path: string, token?: string, body?: unknown) =>
      send(url, method, path, body, {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      }),
    internal: (path: string, body: unknown) =>
      send(url, 'POST', path, body, { [internalHeaders.secret]: internalSecret }),
    browser: (address?: string) => new Browser(url, address),
    stop: async () => {
      await accounts.close();
      await mails.stop();
      await admin.end();
      await rm(folder, { recursive: true });
      await database.drop();
    },
  };
}

export type Stage = Awaited<ReturnType<typeof startStage>>;

async function send(
  url: string,
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<Answer> {
  const response = await fetch(new URL(path, url), {
    method,
    redirect: 'manual',
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? {} : JSON.parse(text),
  };
}

/** A page of the market in a browser: keeps cookies, says where it is from. */
export class Browser {
  private readonly cookies = new Map<string, string>();
  origin = publicUrl;

  constructor(
    private readonly url: string,
    private readonly address: string | undefined,
  ) {}

  async call(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await send(this.url, method, `/api/account/auth${path}`, body, {
      origin: this.origin,
      ...(this.address !== undefined && { 'x-forwarded-for': this.address }),
      ...(this.cookies.size > 0 && { cookie: this.cookieHeader }),
    });
    for (const cookie of answer.headers.getSetCookie()) this.keep(cookie);
    return answer;
  }

  /** As the service has set them, attributes and all. */
  readonly seenCookies: string[] = [];

  get cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  follow(link: URL): Promise<Answer> {
    return this.call('GET', `${link.pathname.replace('/api/account/auth', '')}${link.search}`);
  }

  async accessToken(): Promise<string> {
    return String((await this.call('GET', '/token')).body.token);
  }

  private keep(cookie: string): void {
    this.seenCookies.push(cookie);
    const [pair = ''] = cookie.split(';');
    const place = pair.indexOf('=');
    const [name, value] = [pair.slice(0, place), pair.slice(place + 1)];
    if (/max-age=0/i.test(cookie) || value === '') this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}
