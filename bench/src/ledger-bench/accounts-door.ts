import type { Authorise, OpenLease, Settle } from '@aisbf/contracts';
import { internalHeaders, internalPaths, type SettleAll, type SettledAll } from '@aisbf/contracts';
import { Pool } from 'undici';

/** As many connections as a router and a gateway have to accounts. */
const connections = 64;

/** Accounts as its peers call it: HTTP over kept connections. Whatever is refused ends the bench. */
export class AccountsDoor {
  private readonly pool: Pool;

  constructor(
    url: string,
    private readonly secret: string,
  ) {
    this.pool = new Pool(url, { connections });
  }

  authorise(request: Authorise): Promise<unknown> {
    return this.call(internalPaths.accountsAuthorise, request);
  }

  async settle(report: Settle): Promise<void> {
    const { result } = (await this.call(internalPaths.accountsSettle, report)) as {
      result: string;
    };
    if (result !== 'settled') throw new Error(`A request was ${result}, not settled.`);
  }

  async settleAll(request: SettleAll): Promise<void> {
    const path = internalPaths.accountsSettleAll;
    const { results } = (await this.call(path, request)) as SettledAll;
    const wrong = results.find((each) => !('result' in each) || each.result !== 'settled');
    if (wrong) throw new Error(`A request was not settled: ${JSON.stringify(wrong)}`);
  }

  async openLease(request: OpenLease): Promise<void> {
    const { result } = (await this.call(internalPaths.accountsOpenLease, request)) as {
      result: string;
    };
    if (result !== 'open') throw new Error(`A lease was ${result}.`);
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  private async call(path: string, body: object): Promise<unknown> {
    const response = await this.pool.request({
      ...{ method: 'POST', path, body: JSON.stringify(body) },
      headers: { 'content-type': 'application/json', [internalHeaders.secret]: this.secret },
    });
    const text = await response.body.text();
    if (response.statusCode !== 200) throw new Error(`${response.statusCode} ${path}: ${text}`);
    return JSON.parse(text);
  }
}
