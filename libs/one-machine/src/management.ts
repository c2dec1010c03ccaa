import { readFile } from 'node:fs/promises';
import {
  ApiToken,
  CreatedApiToken,
  CreatedProvider,
  Granted,
  Listing,
  type OpenAiEndpoint,
  type Prices,
  Providers,
  RotatedRegistration,
  Rotation,
  type Scope,
  User,
} from '@aisbf/contracts';
import type { z } from 'zod';

/** A market's own words for "no". */
export class ManagementRefusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    call: string,
  ) {
    super(`${call} was refused with ${status} ${code}`);
    this.name = 'ManagementRefusal';
  }
}

/** What a market's model costs, in nano-dollars per million tokens. */
export type TokenPrices = Readonly<{
  prompt: bigint;
  completion: bigint;
  /** Of pictures, seconds and requests, as the market has them. */
  others?: Prices;
}>;

/** The market's management API, called as one API token's owner. */
export class Management {
  constructor(
    private readonly marketUrl: string,
    readonly apiToken: string,
  ) {}

  as(apiToken: string): Management {
    return new Management(this.marketUrl, apiToken);
  }

  /** Whether the market knows this API token. */
  async isKnown(): Promise<boolean> {
    try {
      await this.exchange('GET', '/api/account/me');
      return true;
    } catch (error) {
      if (error instanceof ManagementRefusal && error.status === 401) return false;
      throw error;
    }
  }

  /** Makes a user where there is none of that name. */
  async ensureUser(username: string): Promise<void> {
    try {
      await this.call('POST', '/api/account/users', User, { username });
    } catch (error) {
      if (!(error instanceof ManagementRefusal && error.code === 'username_taken')) throw error;
    }
  }

  async createApiToken(username: string, scopes: readonly Scope[]): Promise<string> {
    return (await this.createNamedApiToken(username, scopes)).apiToken;
  }

  createNamedApiToken(username: string, scopes: readonly Scope[]) {
    const request = { name: `first ${username}`, username, scopes };
    return this.call('POST', '/api/account/api-tokens', CreatedApiToken, request);
  }

  async grant(username: string, amount: bigint, grantId: string): Promise<void> {
    const request = { username, amount: String(amount), grantId, reason: 'test credit' };
    await this.call('POST', '/api/account/grants', Granted, request);
  }

  /** A provider for workers and a fresh secret to register with, whether it was there or not. */
  async ensureWorkerProvider(name: string) {
    const { providers } = await this.call('GET', '/api/catalog/providers', Providers);
    const found = providers.find((provider) => provider.name === name);
    if (found) {
      const path = `/api/catalog/providers/${found.id}/registration-token`;
      const { registrationToken } = await this.call('POST', path, RotatedRegistration);
      return { providerId: found.id, registrationToken };
    }
    const request = { kind: 'coderai', name };
    const created = await this.call('POST', '/api/catalog/providers', CreatedProvider, request);
    if (created.registrationToken === null) throw new Error(`${name} has no registration token`);
    return { providerId: created.provider.id, registrationToken: created.registrationToken };
  }

  /** A provider that is an OpenAI-compatible server we reach ourselves. */
  async createHttpProvider(
    name: string,
    baseUrl: string,
    models: readonly string[],
    endpoints?: readonly OpenAiEndpoint[],
  ): Promise<string> {
    const request = {
      kind: 'openai',
      name,
      baseUrl,
      ...(endpoints && { endpoints }),
      models: models.map((model) => ({ name: model })),
    };
    const { provider } = await this.call(
      'POST',
      '/api/catalog/providers',
      CreatedProvider,
      request,
    );
    return provider.id;
  }

  async putListing(providerId: string, model: string, prices: TokenPrices): Promise<void> {
    await this.call('PUT', '/api/catalog/listings', Listing, {
      providerId,
      model,
      prices: {
        ...prices.others,
        prompt_token: String(prices.prompt),
        completion_token: String(prices.completion),
      },
    });
  }

  async putRotation(
    name: string,
    members: readonly Readonly<{ providerId: string; model: string; weight?: number }>[],
  ): Promise<void> {
    await this.call('PUT', `/api/catalog/rotations/${name}`, Rotation, { members });
  }

  async revokeApiToken(apiTokenId: string): Promise<void> {
    await this.exchange('DELETE', `/api/account/api-tokens/${ApiToken.shape.id.parse(apiTokenId)}`);
  }

  async call<Schema extends z.ZodType>(
    method: string,
    path: string,
    answer: Schema,
    body?: unknown,
  ): Promise<z.infer<Schema>> {
    return answer.parse(JSON.parse(await this.exchange(method, path, body)));
  }

  private async exchange(method: string, path: string, body?: unknown): Promise<string> {
    const response = await fetch(new URL(path, this.marketUrl), {
      method,
      headers: {
        authorization: `Bearer ${this.apiToken}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok)
      throw new ManagementRefusal(response.status, codeOf(text), `${method} ${path}`);
    return text;
  }
}

function codeOf(text: string): string {
  return /"code":"([^"]+)"/.exec(text)?.[1] ?? '';
}

/** The first operator, whose token accounts wrote before it was ready. */
export async function asOperator(
  marketUrl: string,
  operatorTokenFile: string,
): Promise<Management> {
  return new Management(marketUrl, (await readFile(operatorTokenFile, 'utf8')).trim());
}
