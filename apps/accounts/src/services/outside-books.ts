import { Injectable } from '@nestjs/common';
import {
  type BookedMovement,
  findingOfBooked,
  findingOfTold,
  type Movement,
  type MovementKind,
} from '../domain/movement.js';
import type { Counts, Finding, Window } from '../domain/reconciliation.js';
import { PaymentProvider } from './payment-provider.js';
import { PayoutProviders } from './payout-provider.js';

/** What is booked of payments, refunds and payouts, as a provider would tell of them. */
export abstract class BookedMovements {
  /** Those of these that are booked, by the provider's ids (a payout's: ours). */
  abstract find(
    provider: string,
    kind: MovementKind,
    ids: readonly string[],
  ): Promise<readonly BookedMovement[]>;
  /** All that was booked as done in a window. */
  abstract within(
    provider: string,
    kinds: readonly MovementKind[],
    window: Window,
  ): AsyncIterable<BookedMovement>;
}

/** How much further back than the window a provider is asked: events come late. Also the DI token. */
export class OutsideSettings {
  constructor(readonly daysBack: number) {}
}

/** Whoever can say what money has moved outside. */
type OutsideBook = Readonly<{
  name: string;
  kinds: readonly MovementKind[];
  movements: (window: Window) => AsyncIterable<Movement>;
  movement: (kind: MovementKind, id: string) => Promise<Movement | undefined>;
}>;

const pageMax = 200;
const dayMs = 86_400_000;

/** Compares the ledger with what payment providers say, in both directions. */
@Injectable()
export class OutsideBooks {
  constructor(
    private readonly payments: PaymentProvider,
    private readonly payouts: PayoutProviders,
    private readonly booked: BookedMovements,
    private readonly settings: OutsideSettings,
  ) {}

  async compare(window: Window): Promise<Readonly<{ counts: Counts; findings: Finding[] }>> {
    const counts: Record<string, number> = { payment: 0, refund: 0, payout: 0 };
    const findings: Finding[] = [];
    for (const book of this.books()) {
      const seen = new Set<string>();
      const since = new Date(window.from.getTime() - this.settings.daysBack * dayMs);
      for await (const page of pagesOf(book.movements({ from: since, to: window.to }))) {
        findings.push(...(await this.checkTold(book.name, page)));
        for (const { kind, id } of page) {
          counts[kind] = (counts[kind] ?? 0) + 1;
          seen.add(nameOf(kind, id));
        }
      }
      findings.push(...(await this.checkBooked(book, window, seen)));
    }
    return { counts, findings };
  }

  private async checkTold(provider: string, page: readonly Movement[]): Promise<Finding[]> {
    const booked = new Map<string, BookedMovement>();
    const refunded = page.flatMap(({ kind, paymentId }) => (kind === 'refund' && paymentId) || []);
    const ids = (kind: MovementKind) => page.flatMap((each) => (each.kind === kind ? each.id : []));
    const payments = new Set<string>();
    for (const kind of ['payment', 'refund', 'payout'] as const) {
      const asked = kind === 'payment' ? [...ids(kind), ...refunded] : ids(kind);
      for (const each of await this.booked.find(provider, kind, asked)) {
        booked.set(nameOf(kind, each.id), each);
        if (kind === 'payment') payments.add(each.id);
      }
    }
    return page.flatMap((told) => {
      const isOurs = told.isOurs || (told.paymentId !== null && payments.has(told.paymentId));
      return findingOfTold({ ...told, isOurs }, booked.get(nameOf(told.kind, told.id))) ?? [];
    });
  }

  /** What the provider did not name by itself, it is asked for by name: it may be of another day to it. */
  private async checkBooked(book: OutsideBook, window: Window, seen: ReadonlySet<string>) {
    const findings: Finding[] = [];
    for await (const booked of this.booked.within(book.name, book.kinds, window)) {
      if (seen.has(nameOf(booked.kind, booked.id))) continue;
      const finding = findingOfBooked(booked, await book.movement(booked.kind, booked.id));
      if (finding) findings.push(finding);
    }
    return findings;
  }

  /** Payments and payouts may be at one provider and are two books all the same. */
  private books(): readonly OutsideBook[] {
    const { payments, payouts } = this;
    const sent = payouts.books().map(({ name, book }) => ({
      name,
      kinds: ['payout' as const],
      movements: (window: Window) => book.movements(window),
      movement: (_kind: MovementKind, id: string) => book.movement(id),
    }));
    if (!payments.isThere) return sent;
    const paid = {
      name: payments.name,
      kinds: ['payment', 'refund'] as const,
      movements: (window: Window) => payments.movements(window),
      movement: (kind: MovementKind, id: string) => payments.movement(kind, id),
    };
    return [paid, ...sent];
  }
}

function nameOf(kind: MovementKind, id: string): string {
  return `${kind} ${id}`;
}

async function* pagesOf<Item>(items: AsyncIterable<Item>): AsyncGenerator<readonly Item[]> {
  let page: Item[] = [];
  for await (const item of items) {
    page.push(item);
    if (page.length < pageMax) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
