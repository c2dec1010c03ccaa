import type { IncomingMessage } from 'node:http';
import { platformFaults } from '@aisbf/platform';

/** Without a stated length the room for a body grows from here. */
const roomBytesMin = 16_384;

/**
 * The whole body, read straight into as much room as it says that it takes: gathered in pieces first, a large one would be
 * held twice.
 */
export function readWholeBody(body: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const stated = Number(body.headers['content-length'] ?? 0);
  if (stated > bytesMax) return Promise.reject(platformFaults.BODY_TOO_LARGE());
  let whole: Buffer = Buffer.allocUnsafe(stated);
  let length = 0;
  body.on('data', (piece: Buffer) => {
    const needed = length + piece.length;
    if (needed > bytesMax) {
      reject(platformFaults.BODY_TOO_LARGE());
      return;
    }
    if (needed > whole.length) whole = grown(whole, Math.max(needed, 2 * length, roomBytesMin));
    length += piece.copy(whole, length);
  });
  body.on('end', () => resolve(whole.subarray(0, length)));
  const onBroken = (): void => reject(platformFaults.REQUEST_INVALID({ reason: 'it broke off' }));
  body.on('error', onBroken);
  body.on('close', onBroken);
  return promise;
}

function grown(bytes: Buffer, length: number): Buffer {
  const larger = Buffer.allocUnsafe(length);
  bytes.copy(larger);
  return larger;
}
