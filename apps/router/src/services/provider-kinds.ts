import type { CreateProvider, UpdateProvider } from '@aisbf/contracts';
import { type EgressPolicies, targetRefusal } from '@aisbf/egress';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { globalUsername, type Provider } from '../domain/catalogue.js';
import type { NewHttpProvider, NewWorkerProvider } from '../domain/catalogue-change.js';
import { faults } from '../domain/faults.js';
import { type HostedModel, type HostedUpdate, newSecrets } from '../domain/hosted-secrets.js';
import { RegistrationTokens } from './registration-tokens.js';

type CreateHosted = Extract<CreateProvider, { kind: 'openai' }>;
/** What providers of all kinds have. */
type Common = Omit<NewHttpProvider, 'kind' | 'baseUrl' | 'secrets' | 'endpoints' | 'models'>;

/** Also the DI token. */
export class HostedProviderSettings {
  constructor(
    readonly egress: EgressPolicies,
    /** Otherwise operators alone offer hosted providers. */
    readonly isOpenToUsers: boolean,
  ) {}
}

export type NewProvider = Readonly<{
  provider: NewWorkerProvider | NewHttpProvider;
  /** The secret of its workers, where it has any; not to be had again. */
  registrationToken: string | null;
}>;

/** What only one kind of provider has: workers their registrations, hosted ones an address and how it is called. */
@Injectable()
export class ProviderKinds {
  constructor(
    private readonly settings: HostedProviderSettings,
    private readonly tokens: RegistrationTokens,
    private readonly clock: Clock,
  ) {}

  created(common: Common, request: CreateProvider): NewProvider {
    if (request.kind === 'openai') {
      return { provider: this.hosted(common, request), registrationToken: null };
    }
    const { text, registration } = this.tokens.create(this.clock.nowMs(), null);
    const clientIds = request.clientIds ?? [];
    const provider = { ...common, kind: 'coderai', clientIds, registration } as const;
    return { provider, registrationToken: text };
  }

  /** The part of an update that is about a hosted one; undefined where none is. */
  updated({ source, username }: Provider, request: UpdateProvider): HostedUpdate | undefined {
    const { clientIds, baseUrl, credential, headers, query, models, endpoints } = request;
    if (clientIds !== undefined && source.kind !== 'coderai') {
      throw faults.PROVIDER_WITHOUT_WORKERS();
    }
    const known = { endpoints, models: models && hostedModels(models) };
    const update = { baseUrl, credential, headers, query, ...known };
    if (Object.values(update).every((value) => value === undefined)) return undefined;
    if (source.kind !== 'openai') {
      throw credential === undefined
        ? faults.PROVIDER_NOT_HOSTED()
        : faults.PROVIDER_WITHOUT_CREDENTIAL();
    }
    if (baseUrl !== undefined) this.requireDialable(baseUrl, username);
    return update;
  }

  private hosted(common: Common, request: CreateHosted): NewHttpProvider {
    const { baseUrl, credential = null, headers, query, endpoints = null } = request;
    if (common.username !== globalUsername && !this.settings.isOpenToUsers) {
      throw faults.PROVIDER_HOSTING_CLOSED();
    }
    this.requireDialable(baseUrl, common.username);
    const secrets = newSecrets(baseUrl, { credential, headers, query });
    const models = hostedModels(request.models);
    return { ...common, kind: 'openai', baseUrl, secrets, endpoints, models };
  }

  /** A courtesy to whoever mistypes: what counts is judged when a gateway connects. */
  private requireDialable(baseUrl: string, username: string): void {
    const { operator, others } = this.settings.egress;
    const policy = username === globalUsername ? operator : others;
    const reason = targetRefusal(new URL(baseUrl), policy);
    if (reason) throw faults.PROVIDER_URL_REFUSED({ reason });
  }
}

function hostedModels(models: CreateHosted['models']): readonly HostedModel[] {
  return models.map(({ name, upstreamName = name }) => ({ name, upstreamName }));
}
