import { internalPaths, type RequestFacts } from '@aisbf/contracts';
import { admitRequest } from './admit-request.js';
import type { Harness, RunningRouter } from './running-router.js';

export type Person = ReturnType<Harness['accounts']['token']>;

const listingsPath = '/api/catalog/listings';

/** A seller's hosted provider, which needs no worker to be there, as it is managed and as it is bought from. */
export class HostedShop {
  private constructor(
    readonly providerId: string,
    private readonly name: string,
    private readonly harness: Harness,
  ) {}

  static async open(harness: Harness, router: RunningRouter, name: string, seller: Person) {
    const operator = harness.accounts.token('global');
    const { body } = await router.call(operator.apiToken, 'POST', '/api/catalog/providers', {
      kind: 'openai',
      name,
      username: seller.principal.username,
      baseUrl: 'https://upstream.example/v1',
      models: [{ name: 'm' }, { name: 'other' }],
    });
    return new HostedShop(body.provider.id, name, harness);
  }

  put(router: RunningRouter, person: Person, prices: object, more: object = {}) {
    const request = { providerId: this.providerId, model: 'm', prices, ...more };
    return router.call(person.apiToken, 'PUT', listingsPath, request);
  }

  /** What is charged for a request that this router admits now: the terms that it sends to accounts. */
  async terms(router: RunningRouter, buyer: Person, facts: Partial<RequestFacts> = {}) {
    const { authorised } = this.harness.accounts.state;
    const request = admitRequest(buyer.apiToken, `${this.name}/m`, facts);
    const { status, body } = await router.internal(internalPaths.routerAdmit, request);
    if (status !== 200) return { status, code: body.fault.code };
    const order = authorised.find(({ requestId }) => requestId === request.requestId);
    const { prices, feeBps } = order?.terms[0] ?? {};
    return { status, prices, feeBps };
  }
}
