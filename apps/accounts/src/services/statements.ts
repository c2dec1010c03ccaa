import { requireOperator } from '@aisbf/access';
import type { Balance, GrantCredit, Granted, Principal, Receipt } from '@aisbf/contracts';
import { type Nanos, nanos, nanosMax } from '@aisbf/money';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { amountOf } from '../domain/amount.js';
import { type Actor, actedDeed } from '../domain/audit.js';
import { faults } from '../domain/faults.js';
import { receiptOf } from '../domain/receipt.js';
import { Directory } from './directory.js';
import { LedgerReader, LedgerStore } from './ledger-store.js';
import { PromoStore } from './promotions.js';

/** What an owner has, what it was given, and what each request cost. */
@Injectable()
export class Statements {
  constructor(
    private readonly reader: LedgerReader,
    private readonly ledger: LedgerStore,
    private readonly promotions: PromoStore,
    private readonly directory: Directory,
    private readonly clock: Clock,
  ) {}

  async balance(owner: Readonly<{ ownerId: string; username: string }>): Promise<Balance> {
    const { posted, promo, held, earned, owed } = await this.reader.wallet(owner.ownerId);
    return {
      username: owner.username,
      currency: 'USD',
      posted: posted.toString(),
      promo: promo.toString(),
      held: held.toString(),
      available: (posted + promo - held).toString(),
      owed: owed.toString(),
      earned: earned.toString(),
    };
  }

  /** An operator puts money into a wallet, promotional or real. The same grant id again moves nothing. */
  async grant(actor: Actor, request: GrantCredit): Promise<Granted> {
    requireOperator(actor.principal);
    const owner = await this.directory.requireOwner(request.username);
    const { grantId, reason, promoExpiresAt } = request;
    const grant = {
      grantId,
      ownerId: owner.ownerId,
      amount: amountOf(request.amount, grantMax),
      reason,
    };
    const detail = { amount: request.amount, reason, promoExpiresAt: promoExpiresAt ?? null };
    const deed = actedDeed(actor, { action: 'credit.grant', subject: grantId, detail });
    const notes = [{ when: ['granted'], deed }];
    const result =
      promoExpiresAt === undefined
        ? await this.ledger.grant(grant, notes)
        : await this.promotions.grant({ ...grant, expiresAt: this.future(promoExpiresAt) }, notes);
    if (result === 'parameters_differ') throw faults.GRANT_PARAMETERS_DIFFER();
    const balance = await this.balance(owner);
    return { grantId, isReplay: result === 'replay', balance };
  }

  async receipt(principal: Principal, requestId: string): Promise<Receipt> {
    const hold = await this.reader.receipt(principal.ownerId, requestId);
    if (!hold) throw faults.RECEIPT_MISSING();
    return receiptOf(hold);
  }

  private future(text: string): Date {
    const at = new Date(text);
    if (at.getTime() <= this.clock.nowMs()) throw faults.PROMO_EXPIRED();
    return at;
  }
}

/** A billion dollars: far above any wallet, far below what the column holds, so that sums cannot overflow. */
const grantMax: Nanos = nanos(nanosMax / 9n);
