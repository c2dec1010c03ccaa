import type { Delivery } from '../domain/delivery.js';
import type { Exchange, RelayEnd } from './answer-relay.js';
import type { SoundMeter } from './sound-meters.js';
import { UpstreamBroken } from './upstream.js';

/**
 * Passes sounds, pictures and films on as the bytes that they are. The first of them is the beginning of an answer;
 * after it a failure can only break the connection.
 */
export async function relayBytes(
  exchange: Exchange,
  delivery: Delivery,
  sound?: SoundMeter,
): Promise<RelayEnd> {
  const { answer, buyer, limits } = exchange;
  let hasBegun = false;
  let size = 0;
  const fail = (failure: 'timeout' | 'cut' | 'too_large' | 'empty'): RelayEnd => {
    if (!hasBegun) return { kind: 'failed', failure };
    buyer.breakBytes();
    return { kind: 'ended', end: 'failed', failure };
  };
  const leave = async (chunk: Uint8Array): Promise<void> => {
    await buyer.write(chunk, () => delivery.leaveBytes(chunk));
    await sound?.keep();
  };
  try {
    for await (const chunk of answer.body) {
      exchange.onBytes();
      size += chunk.length;
      if (size > limits.answerBytesMax) return fail('too_large');
      if (!hasBegun) {
        exchange.onServing();
        buyer.beginBytes(exchange.head(), answer.contentType);
      }
      hasBegun = true;
      await exchange.heldBackBy(leave(chunk));
    }
  } catch (error) {
    if (buyer.left.aborted) return { kind: 'ended', end: 'buyer_left' };
    if (error instanceof UpstreamBroken) return fail(error.isTimeout ? 'timeout' : 'cut');
    throw error;
  }
  if (!hasBegun) return fail('empty');
  const hasAllLeft = await exchange.heldBackBy(buyer.endStream());
  if (!hasAllLeft) return { kind: 'ended', end: 'buyer_left' };
  delivery.finishReason = 'stop';
  return { kind: 'ended', end: 'finished' };
}
