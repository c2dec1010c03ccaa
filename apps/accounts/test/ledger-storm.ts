import type { Authorise } from '@aisbf/contracts';
import { type OwnPostgres, until } from '@aisbf/testkit';
import {
  authoriseBy,
  leaseFor,
  type Owner,
  openLedger,
  settleOf,
  shuffled,
  ticketOf,
} from './ledger-bench.js';
import type { Told } from './told-outcomes.js';

type Ledger = Awaited<ReturnType<typeof openLedger>>;

/** As many calls under way as a busy replica has. */
const underWayMax = 400;

/** Does all jobs, so many at a time. */
async function atATime(
  count: number,
  jobs: number,
  work: (n: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    for (let n = next++; n < jobs; n = next++) await work(n);
  };
  await Promise.all(Array.from({ length: count }, lane));
}

/** Longer than any storm: its holds are to stay. */
const hourMs = 3_600_000;

/** Many requests race for wallets that have money for half of them; nothing is ever given back. */
export async function raceForWallets(ledger: Ledger, requests: number, wallets: number) {
  const seller = await ledger.owner();
  const half = BigInt(Math.floor(requests / wallets / 2));
  const buyers = await Promise.all(
    Array.from({ length: wallets }, () => ledger.richOwner(half * 1000n + 500n)),
  );
  let held = 0;
  await atATime(underWayMax, requests, async (n) => {
    const buyer = buyers[n % wallets] as Owner;
    const request = authoriseBy(buyer, seller, { expiresAtMs: Date.now() + hourMs });
    const answer = await ledger.store.authorise(request, false);
    if ('holdEpoch' in answer) held += 1;
  });
  const owners = await Promise.all(buyers.map(({ ownerId }) => ledger.reader.wallet(ownerId)));
  return { held, expected: Number(half) * wallets, wallets: owners, each: half * 1000n };
}

/** Every authorisation and every settlement comes three times, in any order within some hundred requests. */
export async function deliverThrice(ledger: Ledger, requests: number): Promise<void> {
  const [buyer, seller] = [await ledger.richOwner(1_000_000_000_000n), await ledger.owner()];
  const block = 200;
  await atATime(4, Math.ceil(requests / block), async (n) => {
    const size = Math.min(block, requests - n * block);
    const holds = Array.from({ length: size }, () => authoriseBy(buyer, seller));
    const thrice = holds.flatMap((hold) => [hold, hold, hold]);
    await Promise.all(shuffled(thrice).map((hold) => ledger.store.authorise(hold, false)));
    await Promise.all(shuffled(thrice).map((hold) => ledger.settlement.settle(settleOf(hold))));
  });
}

/**
 * Clients that authorise and settle without a pause while Postgres is killed again and again. What each was told is
 * kept. A client whose answer was lost asks again with the same ids, or gives up, each half of the time.
 */
export class Storm {
  readonly told: Told[] = [];
  readonly ledger: Ledger;
  private served = 0;
  private isStopping = false;
  private running: Promise<unknown> = Promise.resolve();
  private buyers: readonly Owner[] = [];

  private constructor(
    ledger: Ledger,
    private readonly postgres: OwnPostgres,
  ) {
    this.ledger = ledger;
  }

  static async begin(postgres: OwnPostgres, clients: number): Promise<Storm> {
    const ledger = await openLedger({ connections: 16, database: postgres.database });
    const storm = new Storm(ledger, postgres);
    const seller = await ledger.owner();
    storm.buyers = await Promise.all([1, 2, 3].map(() => ledger.richOwner(1_000_000_000_000n)));
    const leases = await Promise.all(
      storm.buyers.map((buyer) => leaseFor(ledger, buyer, '100000000000')),
    );
    const lanes = Array.from({ length: clients }, (_, n) => {
      const place = n % storm.buyers.length;
      return storm.keepBuying(storm.buyers[place] as Owner, seller, leases[place]?.leaseId ?? '');
    });
    storm.running = Promise.all(lanes).finally(() => {
      storm.isStopping = true;
    });
    return storm;
  }

  /** Kills it under the load, and waits until clients have been served again. */
  async kill(served: number): Promise<void> {
    await this.postgres.kill();
    await this.postgres.restart();
    const before = this.served;
    await Promise.race([
      this.running,
      until(() => this.served >= before + served, { timeoutMs: 60_000 }),
    ]);
  }

  /** Lets what runs end, and what nobody settled expire. */
  async end(): Promise<void> {
    this.isStopping = true;
    await this.running;
    await this.ledger.admin.query('UPDATE hold SET expires_at = now()');
    await this.ledger.admin.query("UPDATE lease SET expires_at = now() WHERE state <> 'closed'");
    while ((await this.ledger.store.reapExpired(100)).length > 0);
    await this.ledger.leases.reapExpired(100);
  }

  /** What is missing from the wallets beyond what their receipts say: nothing. */
  async difference(): Promise<bigint> {
    const { rows } = await this.ledger.admin.query<{ difference: string }>(
      `SELECT (SELECT sum(posted + held) FROM wallet WHERE posted > 0) - $1::numeric
         + (SELECT coalesce(sum(captured), 0) FROM receipt) AS difference`,
      [String(1_000_000_000_000n * BigInt(this.buyers.length))],
    );
    return BigInt(rows[0]?.difference ?? 1);
  }

  private async keepBuying(buyer: Owner, seller: Owner, leaseId: string): Promise<void> {
    while (!this.isStopping) {
      const request = authoriseBy(buyer, seller);
      const isLeased = Math.random() < 0.5;
      const isHeld =
        isLeased || (await this.answerTo(() => this.ledger.store.authorise(request, false)));
      if (!isHeld) continue;
      const report = settleOf(request, isLeased ? { ticket: ticketOf(request, leaseId) } : {});
      const answer = await this.answerTo(() => this.ledger.settlement.settle(report));
      this.told.push(answer ?? unknown(request));
      if (answer) this.served += 1;
    }
  }

  /** Undefined where the answer is lost, and is not asked for again. */
  private async answerTo<Answer>(call: () => Promise<Answer>): Promise<Answer | undefined> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        // Nothing else may go wrong by the death of a database.
        if ((error as { code?: string }).code !== 'LEDGER_UNAVAILABLE') throw error;
        if (Math.random() < 0.5) return undefined;
      }
    }
  }
}

function unknown({ requestId }: Authorise): Told {
  return { requestId, result: 'unknown', charged: '0' };
}
