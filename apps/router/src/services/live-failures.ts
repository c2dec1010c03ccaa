import { type AttemptEnded, chatEndpoint, type EndpointName } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';

export type LastFailure = Readonly<{ reason: string; atMs: number }>;

/** Also the DI token: how many endpoints of providers' models are remembered; beyond it the longest known is forgotten. */
export class LiveFailuresSettings {
  constructor(readonly entriesMax: number) {}
}

/** Why each provider's models have failed last by each endpoint, for their owners: as the gateways tell it to every replica. */
@Injectable()
export class LiveFailures {
  private readonly failures = new Map<string, LastFailure>();

  constructor(private readonly settings: LiveFailuresSettings) {}

  onAttemptEnded({ providerId, model, endpoint, isSuccess, reason, atMs }: AttemptEnded): void {
    const name = nameOf(providerId, model, endpoint);
    if (isSuccess || reason === null || atMs < (this.failures.get(name)?.atMs ?? 0)) return;
    this.failures.delete(name);
    this.failures.set(name, { reason, atMs });
    const [oldest] = this.failures.keys();
    if (this.failures.size > this.settings.entriesMax && oldest !== undefined) {
      this.failures.delete(oldest);
    }
  }

  /** By the model's name there. */
  lastOf(providerId: string, model: string, endpoint?: EndpointName): LastFailure | undefined {
    return this.failures.get(nameOf(providerId, model, endpoint));
  }
}

function nameOf(providerId: string, model: string, endpoint: EndpointName = chatEndpoint): string {
  return `${providerId}\n${model}\n${endpoint}`;
}
