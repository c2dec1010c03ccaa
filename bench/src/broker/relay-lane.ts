import { internalHeaders, internalPaths } from '@aisbf/contracts';
import { type Address, HttpConnection } from '../http-connection.js';
import { RelayWorker } from './relay-worker.js';
import type { Peer, WorkerClaim } from './worker-claim.js';

export type LanePlan = Readonly<{
  origin: string;
  peer: Peer;
  internalSecret: string;
  claims: readonly WorkerClaim[];
}>;

export type LaneRequest = Readonly<{
  path: string;
  contentType: string;
  body: Buffer;
  isStream: boolean;
}>;

/** One worker and one reader, with the broker or the floor between them: both ends of one stream. */
export class RelayLane {
  private constructor(
    private readonly plan: LanePlan,
    readonly worker: RelayWorker,
    readonly connection: HttpConnection,
    private readonly address: Address,
  ) {}

  static async open(plan: LanePlan, claim: WorkerClaim, index: number): Promise<RelayLane> {
    const { hostname, port } = new URL(plan.origin);
    const address = { host: hostname, port: Number(port) };
    const connection = new HttpConnection(address);
    await connection.open();
    const worker = await RelayWorker.open(plan.origin, plan.peer, claim, index);
    return new RelayLane(plan, worker, connection, address);
  }

  /** The bytes of a request that reaches this lane's worker, as a gateway would send it. */
  request({ path, contentType, body, isStream }: LaneRequest): Buffer {
    const { peer, internalSecret } = this.plan;
    const { sessionId } = this.worker;
    const target =
      peer === 'floor' ? `/${sessionId}` : internalPaths.brokerSession(sessionId) + path;
    const headers = {
      host: `${this.address.host}:${this.address.port}`,
      'content-type': contentType,
      'content-length': String(body.length),
      [internalHeaders.secret]: internalSecret,
      [internalHeaders.requestId]: 'bench',
      [internalHeaders.isStream]: isStream ? '1' : '0',
      [internalHeaders.isLastCandidate]: '1',
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = Buffer.from(`POST ${target} HTTP/1.1\r\n${lines.join('')}\r\n`);
    return Buffer.concat([head, body]);
  }

  async close(): Promise<void> {
    this.connection.close();
    await this.worker.close();
  }
}
