import { Log, Metrics } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { type CredentialTrouble, credentialTroubles } from './domain/stored-credential.js';

export type UnreadableCredential = Readonly<{
  providerId: string;
  keyId: string;
  trouble: CredentialTrouble;
}>;

/** How many credentials are under a key; undefined stands for all keys that the settings do not name. */
export type KeyCount = Readonly<{ keyId: string | undefined; count: number }>;

/** What happens to stored credentials, as log lines and numbers. None of it tells anything of a key but its id. */
@Injectable()
export class CredentialEvents {
  private readonly counts;
  private readonly unreadable;
  private readonly rewraps;
  private readonly failures;
  /** Told of once, not at every look. */
  private told: ReadonlySet<string> = new Set();

  constructor(
    private readonly log: Log,
    metrics: Metrics,
  ) {
    this.counts = metrics.gaugeBy('credentials', 'Stored credentials by the key they are under.', [
      'key_id',
    ]);
    this.unreadable = metrics.gaugeBy(
      'credentials_unreadable',
      'Hosted providers that cannot be called, as their stored credential does not open.',
      ['reason'],
    );
    this.rewraps = metrics.counter('credentials_rewrapped_total', 'Moved to the current key.');
    this.failures = metrics.counter(
      'credential_rewraps_failed_total',
      'Looks for credentials under former keys that broke off.',
    );
  }

  /** All that a look at the catalogue could not open. */
  read(unreadable: readonly UnreadableCredential[]): void {
    for (const reason of credentialTroubles) {
      const count = unreadable.filter(({ trouble }) => trouble === reason).length;
      this.unreadable.set({ reason }, count);
    }
    for (const credential of unreadable) {
      if (this.told.has(credential.providerId)) continue;
      this.log.error(credential, 'a stored credential cannot be read: its provider is not called');
    }
    this.told = new Set(unreadable.map(({ providerId }) => providerId));
  }

  counted(counts: readonly KeyCount[]): void {
    for (const { keyId = 'unknown', count } of counts) this.counts.set({ key_id: keyId }, count);
  }

  rewrapped(count: number, keyId: string): void {
    if (count === 0) return;
    this.rewraps.inc(count);
    this.log.info({ count, keyId }, 'credentials were moved to the current key');
  }

  rewrapFailed(error: unknown): void {
    this.failures.inc();
    this.log.warn({ error }, 'credentials could not be moved to the current key, or counted');
  }
}
