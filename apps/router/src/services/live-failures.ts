import type { AttemptEnded } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';

export type LastFailure = Readonly<{ reason: string; atMs: number }>;

/** Also the DI token: how many providers' models are remembered; beyond it the longest known is forgotten. */
export class LiveFailuresSettings {
  constructor(readonly entriesMax: number) {}
}

/** Why each provider's models have failed last, for their owners: as the gateways tell it to every replica. */
@Injectable()
export class LiveFailures {
  private readonly failures = new Map<string, LastFailure>();

  constructor(private readonly settings: LiveFailuresSettings) {}

  onAttemptEnded({ providerId, model, isSuccess, reason, atMs }: AttemptEnded): void {
    const name = nameOf(providerId, model);
    if (isSuccess || reason === null || atMs < (this.failures.get(name)?.atMs ?? 0)) return;
    this.failures.delete(name);
    this.failures.set(name, { reason, atMs });
    const [oldest] = this.failures.keys();
    if (this.failures.size > this.settings.entriesMax && oldest !== undefined) {
      this.failures.delete(oldest);
    }
  }

  /** By the model's name there. */
  lastOf(providerId: string, model: string): LastFailure | undefined {
    return this.failures.get(nameOf(providerId, model));
  }
}

function nameOf(providerId: string, model: string): string {
  return `${providerId}\n${model}`;
}
