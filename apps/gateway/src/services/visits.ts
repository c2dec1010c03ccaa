import { randomUUID } from 'node:crypto';
import type { LocatePlace } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { Places } from './places.js';
import { Upstream, type UpstreamAnswer, UpstreamBroken } from './upstream.js';

export type Visit = Readonly<{
  place: Omit<LocatePlace, 'type'>;
  method: 'GET' | 'DELETE';
  /** After the API's base. */
  path: string;
  range?: string;
  signal: AbortSignal;
}>;

/** Asks somebody again for what it has made: nobody else has it, and nothing is charged. */
@Injectable()
export class Visits {
  constructor(
    private readonly places: Places,
    private readonly upstream: Upstream,
  ) {}

  /** Throws `MAKER_AWAY` where whoever has it is not there, or says nothing that could be used. */
  async ask({ place, method, path, range, signal }: Visit): Promise<UpstreamAnswer> {
    const { candidate, deadlines } = await this.places.locate(place);
    if (!candidate) throw faults.MAKER_AWAY();
    try {
      const answer = await this.upstream.send({
        candidate,
        method,
        path,
        body: undefined,
        accept: '*/*',
        ...(range !== undefined && { range }),
        isStream: false,
        requestId: `req_${randomUUID().replaceAll('-', '')}`,
        isLast: true,
        deadlines,
        buyerMark: '',
        signal,
      });
      if (answer.brokerFault === undefined && answer.status < 500) return answer;
      answer.dismiss();
    } catch (error) {
      if (error instanceof UpstreamBroken) throw faults.MAKER_AWAY({}, { cause: error });
      throw error;
    }
    throw faults.MAKER_AWAY();
  }
}
