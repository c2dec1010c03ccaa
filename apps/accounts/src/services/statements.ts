import type {
  Balance,
  GrantCredit,
  Granted,
  ListReceipts,
  Principal,
  Receipt,
} from '@aisbf/contracts';
import { type Nanos, nanos, nanosMax, parseNanos } from '@aisbf/money';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { type Actor, auditEntry } from '../domain/audit.js';
import { faults } from '../domain/faults.js';
import { receiptOf } from '../domain/receipt.js';
import { AuditStore } from './audit-log.js';
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
    private readonly audit: AuditStore,
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
    if (actor.principal.role !== 'operator') throw faults.OPERATOR_ONLY();
    const owner = await this.directory.owner(request.username);
    if (!owner) throw faults.OWNER_MISSING();
    const { grantId, reason, promoExpiresAt } = request;
    const grant = { grantId, ownerId: owner.ownerId, amount: grantAmount(request.amount), reason };
    const result =
      promoExpiresAt === undefined
        ? await this.ledger.grant(grant)
        : await this.promotions.grant({ ...grant, expiresAt: this.future(promoExpiresAt) });
    if (result === 'parameters_differ') throw faults.GRANT_PARAMETERS_DIFFER();
    // The transfer is a record of its own; this one says who asked for it.
    if (result === 'granted') {
      const { grantId: subject, amount, reason } = request;
      const deed = { action: 'credit.grant', subject, detail: { amount, reason } } as const;
      await this.audit.record(auditEntry(actor, owner.ownerId, deed));
    }
    const balance = await this.balance(owner);
    return { grantId, isReplay: result === 'replay', balance };
  }

  async receipt(principal: Principal, requestId: string): Promise<Receipt> {
    const hold = await this.reader.receipt(principal.ownerId, requestId);
    if (!hold) throw faults.RECEIPT_MISSING();
    return receiptOf(hold);
  }

  async receipts(
    principal: Principal,
    { limit, before }: ListReceipts,
  ): Promise<readonly Receipt[]> {
    const end = new Date(before ?? this.clock.nowMs() + 1_000);
    return (await this.reader.receipts(principal.ownerId, end, limit)).map(receiptOf);
  }

  private future(text: string): Date {
    const at = new Date(text);
    if (at.getTime() <= this.clock.nowMs()) throw faults.PROMO_EXPIRED();
    return at;
  }
}

/** A billion dollars: far above any wallet, far below what the column holds, so that sums cannot overflow. */
const grantMax: Nanos = nanos(nanosMax / 9n);

function grantAmount(text: string): Nanos {
  const amount = BigInt(text);
  if (amount > grantMax) throw faults.AMOUNT_TOO_LARGE();
  return parseNanos(text);
}
