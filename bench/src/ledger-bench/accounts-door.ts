import type { Authorise, OpenLease, Settle } from '@aisbf/contracts';
import { internalHeaders, internalPaths, type SettleAll, type SettledAll } from '@aisbf/contracts';
import { type Address, HttpConnection } from '../http-connection.js';

/** As many connections as a router and a gateway have to accounts. */
const connectionsMax = 64;

/** A call as it goes over the wire. */
export type PreparedCall = Readonly<{ path: string; bytes: Buffer }>;

/**
 * Accounts as its peers call it: HTTP over kept connections. Whatever is refused ends the bench. On two cores the load is
 * part of what is measured, so it is sent by hand and not by a client that could do more.
 */
export class AccountsDoor {
  private readonly address: Address;
  private readonly all: readonly HttpConnection[];
  private readonly free: HttpConnection[];
  private readonly waiting: ((connection: HttpConnection) => void)[] = [];

  constructor(
    url: string,
    private readonly secret: string,
  ) {
    const { hostname, port } = new URL(url);
    this.address = { host: hostname, port: Number(port) };
    this.all = Array.from({ length: connectionsMax }, () => new HttpConnection(this.address));
    this.free = [...this.all];
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

  /** Makes it beforehand, so that making it is no part of the load. */
  prepareSettleAll(request: SettleAll): PreparedCall {
    return this.prepared(internalPaths.accountsSettleAll, request);
  }

  async settleAll(call: PreparedCall): Promise<void> {
    const { results } = (await this.send(call)) as SettledAll;
    const wrong = results.find((each) => !('result' in each) || each.result !== 'settled');
    if (wrong) throw new Error(`A request was not settled: ${JSON.stringify(wrong)}`);
  }

  async openLease(request: OpenLease): Promise<void> {
    const { result } = (await this.call(internalPaths.accountsOpenLease, request)) as {
      result: string;
    };
    if (result !== 'open') throw new Error(`A lease was ${result}.`);
  }

  close(): void {
    for (const connection of this.all) connection.close();
  }

  private call(path: string, body: object): Promise<unknown> {
    return this.send(this.prepared(path, body));
  }

  private prepared(path: string, body: object): PreparedCall {
    const { host, port } = this.address;
    const text = JSON.stringify(body);
    const head = [
      `POST ${path} HTTP/1.1`,
      `host: ${host}:${port}`,
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(text)}`,
      `${internalHeaders.secret}: ${this.secret}`,
    ].join('\r\n');
    return { path, bytes: Buffer.from(`${head}\r\n\r\n${text}`) };
  }

  private async send({ path, bytes }: PreparedCall): Promise<unknown> {
    const connection = await this.take();
    const pieces: Buffer[] = [];
    const { status } = await connection.send(bytes, (piece) => pieces.push(piece));
    this.giveBack(connection);
    const text = Buffer.concat(pieces).toString();
    if (status !== 200) throw new Error(`${status} ${path}: ${text}`);
    return JSON.parse(text);
  }

  private async take(): Promise<HttpConnection> {
    return this.free.pop() ?? new Promise((resolve) => this.waiting.push(resolve));
  }

  /** Whoever waits longest gets it. */
  private giveBack(connection: HttpConnection): void {
    const next = this.waiting.shift();
    if (next === undefined) this.free.push(connection);
    else next(connection);
  }
}
