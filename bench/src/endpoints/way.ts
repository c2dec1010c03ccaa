import { type Address, HttpConnection } from '../http-connection.js';
import type { Lane } from '../load.js';
import { postRequest } from '../request.js';
import type { TargetProcess } from '../target.js';
import type { EndpointKind } from './endpoint-kind.js';

/** One of the ways from the load to the upstream. */
export type Way = Readonly<{
  /** In the words of the table. */
  title: string;
  address: Address;
  model: string;
  /** The one of the connection with this number; connections may be different buyers. */
  apiTokenOf: (connection: number) => string;
  /** The one that takes the requests first; none where that is the upstream itself. */
  processes: readonly TargetProcess[];
  settled: () => Promise<void>;
}>;

/** Made anew for each request, when it is sent; called when that many events of its stream have come. */
export type OnEventsOf = () => (events: number) => void;

export async function withLanes<Result>(
  way: Way,
  kind: EndpointKind,
  use: (lanes: readonly Lane[]) => Promise<Result>,
  { count = kind.connections, onEvents }: Readonly<{ count?: number; onEvents?: OnEventsOf }> = {},
): Promise<Result> {
  const connections = Array.from({ length: count }, () => new HttpConnection(way.address));
  const body = kind.bodyFor(way.model);
  const lane = (connection: HttpConnection, index: number): Lane => {
    const request = requestOf(way, kind, body, index);
    return {
      send: () => {
        const heard = onEvents?.();
        return connection.send(request, heard && ((_piece, events) => heard(events))).then(
          (answer) => {
            if (answer.status !== 200) return `status ${answer.status}`;
            return kind.isGood(answer)
              ? undefined
              : `${answer.bodyBytes} bytes, ${answer.events} events`;
          },
          (error: unknown) => (error instanceof Error ? error.message : String(error)),
        );
      },
    };
  };
  try {
    await Promise.all(connections.map((connection) => connection.open()));
    return await use(connections.map(lane));
  } finally {
    for (const connection of connections) connection.close();
  }
}

function requestOf(way: Way, kind: EndpointKind, body: Buffer, connection: number): Buffer {
  const { address } = way;
  const headers = {
    'content-type': kind.contentType,
    authorization: `Bearer ${way.apiTokenOf(connection)}`,
  };
  return postRequest({ address, path: kind.path, headers }, body);
}
