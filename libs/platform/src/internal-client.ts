import { FaultBody, internalHeaders } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { Pool } from 'undici';
import { z } from 'zod';
import { platformFaults } from './platform-faults.js';

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
    const { status, value } = await this.exchange(path, JSON.stringify(body), requestId);
    if (status >= 400) throw rebuiltFault(value);
    const result = answer.safeParse(value);
    if (!result.success) throw platformFaults.PEER_ANSWER_INVALID({}, { cause: result.error });
    return result.data;
  }

  async close(): Promise<void> {
    await this.pool.close();
  }

  private async exchange(path: string, body: string, requestId: string | undefined) {
    try {
      const response = await this.pool.request({
        method: 'POST',
        path,
        body,
        headers: {
          'content-type': 'application/json',
          [internalHeaders.secret]: this.options.secret,
          ...(requestId !== undefined && { [internalHeaders.requestId]: requestId }),
        },
      });
      return { status: response.statusCode, value: await response.body.json() };
    } catch (error) {
      const wasSent = !unsentCodes.has((error as NodeJS.ErrnoException).code);
      throw platformFaults.PEER_UNREACHABLE({ wasSent }, { cause: error });
    }
  }
}

function rebuiltFault(value: unknown): Fault {
  const result = FaultAnswer.safeParse(value);
  if (!result.success) return platformFaults.PEER_ANSWER_INVALID({}, { cause: result.error });
  return new Fault(result.data.fault);
}
