import {
  type FrameFromWorker,
  readBinaryFromWorker,
  readFrameFromWorker,
} from '../src/frame-from-worker.js';
import { type RequestLife, type RequestStep, stepRequest } from '../src/request-life.js';
import { readBinaryBrokerFrame } from '../src/worker-inbound.js';
import { mutatedFrame, mutatedMessage, numbersFrom } from './mutated-frame.js';

export type FuzzResult = Readonly<{
  /** How many frames of each type there were: a run that only makes rubbish proves nothing. */
  types: ReadonlyMap<string, number>;
  /** What must never happen, in words. */
  breaches: readonly string[];
}>;

/**
 * Reads mutated frames and lets each answer step the request that it names, as a session does. A request must
 * end once at most, and say nothing after its end.
 */
export function fuzz(frames: number, seed: number, form: 'text' | 'binary' = 'text'): FuzzResult {
  const number = numbersFrom(seed);
  const types = new Map<string, number>();
  const breaches: string[] = [];
  let life: RequestLife = { name: 'dispatched' };
  for (let count = 0; count < frames; count += 1) {
    const { text, frame } = form === 'text' ? someFrame(number) : someMessage(number);
    types.set(frame.type, (types.get(frame.type) ?? 0) + 1);
    if (frame.type !== 'answer') continue;
    const step = stepRequest(life, frame.answer);
    if (!isRight(life, step)) breaches.push(`seed ${seed}, frame ${count}, ${life.name}: ${text}`);
    // A new request now and then, so that every state meets everything.
    life = step.life.name === 'done' && number(4) > 0 ? { name: 'dispatched' } : step.life;
    if ('held' in life && life.held.length > heldBytesMax) life = { name: 'dispatched' };
  }
  return { types, breaches };
}

type Numbers = ReturnType<typeof numbersFrom>;
type Mutated = Readonly<{ text: string; frame: FrameFromWorker }>;

function someFrame(number: Numbers): Mutated {
  const text = mutatedFrame(number);
  return { text, frame: readFrameFromWorker(text) };
}

/** Either end may be sent anything. */
function someMessage(number: Numbers): Mutated {
  const message = mutatedMessage(number);
  readBinaryBrokerFrame(message);
  return { text: message.toString('latin1'), frame: readBinaryFromWorker(message) };
}

function isRight(before: RequestLife, { life, relay }: RequestStep): boolean {
  if (before.name === 'done') return relay.length === 0;
  const ends = relay.filter(({ type }) => isEnd.has(type)).length;
  return ends === (life.name === 'done' ? 1 : 0);
}

const isEnd: ReadonlySet<string> = new Set(['whole', 'stream-end', 'failed']);
/** A stream that never shows what it is would make the run long, and is tested elsewhere. */
const heldBytesMax = 4_096;
