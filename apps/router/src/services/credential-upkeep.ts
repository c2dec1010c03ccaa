import { Injectable } from '@nestjs/common';
import { CredentialEvents, type KeyCount } from '../credential-events.js';

export type RewrappedBatch = Readonly<{
  /** How many have moved; those that do not open stay as they are. */
  rewrapped: number;
  /** The last one that was looked at; undefined where there are no more. */
  lastProviderId: string | undefined;
}>;

/** Where credentials are kept, seen from the keys that they are under. */
export abstract class CredentialStore {
  abstract readonly currentKeyId: string;
  /**
   * Moves some that are not under the current key, or not in the current form, to it: those after this one, in the order
   * of their providers' ids. A credential that somebody else is changing is left to them.
   */
  abstract rewrapBatch(afterProviderId: string | undefined): Promise<RewrappedBatch>;
  /** One count for each key that the settings name, also of none, and one for all others together. */
  abstract counts(): Promise<readonly KeyCount[]>;
}

/** Moves credentials from former keys to the current one, and counts what is left. Any replica may, also at once. */
@Injectable()
export class CredentialUpkeep {
  constructor(
    private readonly store: CredentialStore,
    private readonly events: CredentialEvents,
  ) {}

  /** Never rejects: it is tried again. */
  async rewrapAll(): Promise<void> {
    try {
      let lastProviderId: string | undefined;
      do {
        const batch = await this.store.rewrapBatch(lastProviderId);
        this.events.rewrapped(batch.rewrapped, this.store.currentKeyId);
        lastProviderId = batch.lastProviderId;
      } while (lastProviderId !== undefined);
    } catch (error) {
      this.events.rewrapFailed(error);
    }
    await this.count();
  }

  /** Never rejects: the last figures stand until it is tried again. */
  async count(): Promise<void> {
    try {
      this.events.counted(await this.store.counts());
    } catch (error) {
      this.events.rewrapFailed(error);
    }
  }
}
