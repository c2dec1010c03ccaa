import type {
  AskEarnings,
  AskStatement,
  AskUsage,
  EarningsReport,
  ListReceipts,
  ListSales,
  Principal,
  Receipts,
  Sales,
  Statement,
  UsageReport,
} from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { receiptOf } from '../domain/receipt.js';
import { sectionOf } from '../domain/statement.js';
import { earningsRow, shares, type UsageSum, usageRow } from '../domain/usage.js';
import { inRounds } from './in-rounds.js';
import { ReceiptLists, StatementReader, type UsageQuestion, UsageReader } from './usage-reader.js';

/** Rows of one JSON answer, about 4 MB; more is for CSV. */
const rowsMax = 10_000;
/** Notes folded in one statement; each is of as many receipts as there were requests in a batch. */
const foldMax = 100;

/** What an owner has bought and sold, in sums and one by one. */
@Injectable()
export class UsageReports {
  constructor(
    private readonly usage: UsageReader,
    private readonly lists: ReceiptLists,
    private readonly statements: StatementReader,
  ) {}

  async usageOf({ ownerId }: Principal, asked: AskUsage): Promise<UsageReport> {
    const sums = await this.sums(buyers(ownerId, asked));
    const { from, to } = asked;
    const { requests, charged } = totalOf(sums);
    const rows = sums.map((sum) => usageRow(asked, sum));
    return { from, to, currency: 'USD', rows, requests, charge: charged.toString() };
  }

  async *usageLines({ ownerId }: Principal, asked: AskUsage) {
    for await (const sum of this.usage.allSums(buyers(ownerId, asked))) {
      const { token, units, charge, receipts, ...row } = usageRow(asked, sum);
      yield { ...row, token: token?.id, token_name: token?.name, ...units, charge, receipts };
    }
  }

  async earningsOf({ ownerId }: Principal, asked: AskEarnings): Promise<EarningsReport> {
    const sums = await this.sums(sellers(ownerId, asked));
    const { from, to } = asked;
    const { requests, charged, fee, serviceCredit } = totalOf(sums);
    const rows = sums.map((sum) => earningsRow(asked, sum));
    const paid = shares(charged, fee, serviceCredit);
    return { from, to, currency: 'USD', rows, requests, ...paid };
  }

  async *earningsLines({ ownerId }: Principal, asked: AskEarnings) {
    for await (const sum of this.usage.allSums(sellers(ownerId, asked))) {
      const { units, ...row } = earningsRow(asked, sum);
      yield { ...row, ...units };
    }
  }

  async receipts({ ownerId }: Principal, query: ListReceipts): Promise<Receipts> {
    const { items, nextCursor } = await this.lists.bought(ownerId, query);
    return { receipts: items.map(receiptOf), nextCursor };
  }

  async sales({ ownerId }: Principal, query: ListSales): Promise<Sales> {
    const { items, nextCursor } = await this.lists.sold(ownerId, query);
    return { sales: [...items], nextCursor };
  }

  async statement({ ownerId, username }: Principal, { month }: AskStatement): Promise<Statement> {
    const sides = await this.statements.month(ownerId, month, rowsMax);
    if (!sides) throw faults.REPORT_TOO_LONG({ rowsMax });
    return {
      ...{ username, month, currency: 'USD' },
      wallet: sectionOf('wallet', sides.wallet),
      earnings: sectionOf('earnings', sides.earnings),
    };
  }

  /** Adds what has ended to the sums that are kept. */
  async fold(): Promise<void> {
    await inRounds(foldMax, (limit) => this.usage.fold(limit));
  }

  private async sums(question: UsageQuestion): Promise<readonly UsageSum[]> {
    const sums = await this.usage.sums(question, rowsMax + 1);
    if (sums.length > rowsMax) throw faults.REPORT_TOO_LONG({ rowsMax });
    return sums;
  }
}

function buyers(ownerId: string, asked: AskUsage): UsageQuestion {
  const { by, format: _format, ...filter } = asked;
  return { side: 'buyer', ownerId, by, filter };
}

function sellers(ownerId: string, asked: AskEarnings): UsageQuestion {
  const { by, format: _format, ...filter } = asked;
  return { side: 'seller', ownerId, by, filter };
}

function totalOf(sums: readonly UsageSum[]) {
  return sums.reduce(
    (total, { requests, charged, fee, serviceCredit }) => ({
      requests: total.requests + requests,
      charged: total.charged + charged,
      fee: total.fee + fee,
      serviceCredit: total.serviceCredit + serviceCredit,
    }),
    { requests: 0, charged: 0n, fee: 0n, serviceCredit: 0n },
  );
}
