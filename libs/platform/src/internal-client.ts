import { FaultBody, internalHeaders } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { Pool } from 'undici';
import { z } from 'zod';
import { platformFaults } from './platform-faults.js';
import { type Exchanged, exchange } from './whole-exchange.js';

export type InternalClientOptions = Readonly<{
  baseUrl: string;
  secret: string;
  timeoutMs: number;
  /** Kept connections to this peer. More only queue in its event loop. */
  connectionsMax?: number;
}>;

/** Failures before a request leaves: whatever it asks for has not happened. */
const unsentCodes: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

const FaultAnswer = z.object({ fault: FaultBody });

/**
 * Calls another of our services over kept connections; its faults are rebuilt here as faults. Where no answer
 * comes, the fault's detail `wasSent` tells whether the call may have been heard all the same.
 */
export class InternalClient {
  private readonly pool: Pool;

  constructor(private readonly options: InternalClientOptions) {
    this.pool = new Pool(options.baseUrl, {
      connections: options.connectionsMax ?? 64,
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
      connectTimeout: options.timeoutMs,
      allowH2: false,
    });
  }

  async post<Schema extends z.ZodType>(
    path: string,
    body: unknown,
    answer: Schema,
    requestId?: string,
  ): Promise<z.infer<Schema>> {
    const sent = { text: JSON.stringify(body), contentType: 'application/json' };
    return checked(await this.exchange('POST', path, sent, requestId), answer);
  }

  /** Sends bytes as they are. */
  async postBytes<Schema extends z.ZodType>(
    path: string,
    bytes: Uint8Array,
    answer: Schema,
  ): Promise<z.infer<Schema>> {
    const sent = { text: bytes, contentType: 'application/octet-stream' };
    return checked(await this.exchange('POST', path, sent), answer);
  }

  /** Fetches bytes, which are to fit into memory. */
  async bytes(path: string): Promise<Buffer> {
    const { status, body } = await this.exchange('GET', path);
    if (status >= 400) throw rebuiltFault(jsonOf(body));
    return body;
  }

  async close(): Promise<void> {
    await this.pool.close();
  }

  private async exchange(
    method: 'GET' | 'POST',
    path: string,
    sent?: Readonly<{ text: string | Uint8Array; contentType: string }>,
    requestId?: string,
  ): Promise<Exchanged> {
    try {
      return await exchange(this.pool, {
        method,
        path,
        body: sent?.text ?? null,
        headers: {
          ...(sent && { 'content-type': sent.contentType }),
          [internalHeaders.secret]: this.options.secret,
          ...(requestId !== undefined && { [internalHeaders.requestId]: requestId }),
        },
      });
    } catch (error) {
      const wasSent = !unsentCodes.has((error as NodeJS.ErrnoException).code);
      throw platformFaults.PEER_UNREACHABLE({ wasSent }, { cause: error });
    }
  }
}

function checked<Schema extends z.ZodType>(
  { status, body }: Exchanged,
  answer: Schema,
): z.infer<Schema> {
  const value = jsonOf(body);
  if (status >= 400) throw rebuiltFault(value);
  const result = answer.safeParse(value);
  if (!result.success) throw platformFaults.PEER_ANSWER_INVALID({}, { cause: result.error });
  return result.data;
}

/** A body that is none of ours counts as an answer that was lost. */
function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch (error) {
    throw platformFaults.PEER_UNREACHABLE({ wasSent: true }, { cause: error });
  }
}

function rebuiltFault(value: unknown): Fault {
  const result = FaultAnswer.safeParse(value);
  if (!result.success) return platformFaults.PEER_ANSWER_INVALID({}, { cause: result.error });
  return new Fault(result.data.fault);
}
