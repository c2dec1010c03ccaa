import type { Principal, PromoGrants } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import type { Note } from '../domain/audit.js';
import { inRounds } from './in-rounds.js';
import type { Grant } from './ledger-store.js';

export type PromoGrant = Grant & Readonly<{ expiresAt: Date }>;

/** Promotional money: spent first, by earliest expiry, and never paid out. */
export abstract class PromoStore {
  abstract grant(
    grant: PromoGrant,
    notes: readonly Note[],
  ): Promise<'granted' | 'replay' | 'parameters_differ'>;
  /** What is left of each grant that has not expired. */
  abstract list(ownerId: string): Promise<PromoGrants['promoGrants']>;
  /** Takes back what is left past its expiry; gives of how many grants. */
  abstract expire(limit: number): Promise<number>;
}

/** Owners whose grants expire in one transaction: their wallets are locked together. */
const expiriesMax = 50;

@Injectable()
export class Promotions {
  constructor(private readonly store: PromoStore) {}

  async list({ ownerId }: Principal): Promise<PromoGrants> {
    return { promoGrants: await this.store.list(ownerId) };
  }

  /** What running requests hold expires with a later call. */
  async expire(): Promise<void> {
    await inRounds(expiriesMax, (limit) => this.store.expire(limit));
  }
}
